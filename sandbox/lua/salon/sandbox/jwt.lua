-- Signatures of tokens, made by the OpenSSL that nginx has loaded already:
-- RS256 with the login service's key, HS256 and HS512 with a secret. The only place
-- that calls C.

local ffi = require "ffi"

ffi.cdef [[
typedef struct bio_st BIO;
typedef struct evp_pkey_st EVP_PKEY;
typedef struct evp_md_st EVP_MD;
typedef struct evp_md_ctx_st EVP_MD_CTX;
BIO *BIO_new_mem_buf(const void *buf, int len);
int BIO_free(BIO *bio);
EVP_PKEY *PEM_read_bio_PrivateKey(BIO *bio, void *key, void *callback, void *password);
void EVP_PKEY_free(EVP_PKEY *key);
int i2d_PUBKEY(EVP_PKEY *key, unsigned char **out);
const EVP_MD *EVP_sha256(void);
const EVP_MD *EVP_sha512(void);
EVP_MD_CTX *EVP_MD_CTX_new(void);
void EVP_MD_CTX_free(EVP_MD_CTX *context);
int EVP_DigestSignInit(EVP_MD_CTX *c, void **p, const EVP_MD *md, void *engine, EVP_PKEY *key);
int EVP_DigestSign(EVP_MD_CTX *c, unsigned char *sig, size_t *len, const char *text, size_t n);
int EVP_DigestVerifyInit(EVP_MD_CTX *c, void **p, const EVP_MD *md, void *engine, EVP_PKEY *key);
int EVP_DigestVerify(EVP_MD_CTX *c, const char *sig, size_t len, const char *text, size_t n);
unsigned char *HMAC(const EVP_MD *md, const void *key, int len, const char *text, size_t n,
                    unsigned char *out, unsigned int *size);
unsigned char *SHA256(const char *text, size_t n, unsigned char *out);
]]

-- Some builds of nginx do not export OpenSSL's symbols.
local crypto = ffi.C
if not pcall(function() return crypto.EVP_DigestSign end) then crypto = ffi.load "crypto" end

local jwt = {}

---Text of base64 for URLs, and back (nil if it is none).
function jwt.encode(bytes)
  return (ngx.encode_base64(bytes, true):gsub("+", "-"):gsub("/", "_"))
end

function jwt.decode(text)
  if text:find("[^%w_-]") then return nil end
  return ngx.decode_base64((text:gsub("-", "+"):gsub("_", "/")) .. ("="):rep(-#text % 4))
end

---A private key out of PEM text; freed with its last reference.
function jwt.key(pem)
  local bio = crypto.BIO_new_mem_buf(pem, #pem)
  local key = crypto.PEM_read_bio_PrivateKey(bio, nil, nil, nil)
  crypto.BIO_free(bio)
  assert(key ~= nil, "not a private key")
  return ffi.gc(key, crypto.EVP_PKEY_free)
end

---The modulus: what stands before the exponent (65537) at the end of the public key's DER.
function jwt.modulus(key)
  local size = crypto.i2d_PUBKEY(key, nil)
  local buffer = ffi.new("unsigned char[?]", size)
  crypto.i2d_PUBKEY(key, ffi.new("unsigned char *[1]", buffer))
  return ffi.string(buffer, size):sub(-261, -6)
end

local function with_context(use)
  local context = crypto.EVP_MD_CTX_new()
  local result = use(context)
  crypto.EVP_MD_CTX_free(context)
  return result
end

local signature, length = ffi.new("unsigned char[1024]"), ffi.new("size_t[1]")

local function rsa_sign(key, text)
  return with_context(function(context)
    length[0] = 1024
    assert(crypto.EVP_DigestSignInit(context, nil, crypto.EVP_sha256(), nil, key) == 1)
    assert(crypto.EVP_DigestSign(context, signature, length, text, #text) == 1)
    return ffi.string(signature, length[0])
  end)
end

local function rsa_verify(key, text, bytes)
  return with_context(function(context)
    return crypto.EVP_DigestVerifyInit(context, nil, crypto.EVP_sha256(), nil, key) == 1
      and crypto.EVP_DigestVerify(context, bytes, #bytes, text, #text) == 1
  end)
end

local size = ffi.new("unsigned int[1]")

local function hmac(digest)
  return function(secret, text)
    crypto.HMAC(crypto[digest](), secret, #secret, text, #text, signature, size)
    return ffi.string(signature, size[0])
  end
end

---SHA-256 of something, as text.
function jwt.sha256(text)
  crypto.SHA256(text, #text, signature)
  return jwt.encode(ffi.string(signature, 32))
end

local SIGN = { RS256 = rsa_sign, HS256 = hmac "EVP_sha256", HS512 = hmac "EVP_sha512" }

---A signed token; key: of jwt.key, or the secret. head: JSON text.
function jwt.sign(algorithm, key, head, claims)
  local input = jwt.encode(head) .. "." .. jwt.encode(claims)
  return input .. "." .. jwt.encode(SIGN[algorithm](key, input))
end

---The claims (JSON text) of a token that `key` has signed; else nil.
function jwt.open(algorithm, key, token)
  local input, claims, tail = token:match("^([%w_-]+%.([%w_-]+))%.([%w_-]+)$")
  local bytes = tail and jwt.decode(tail)
  if not bytes then return nil end
  local good
  if algorithm == "RS256" then
    good = rsa_verify(key, input, bytes)
  else
    good = SIGN[algorithm](key, input) == bytes
  end
  return good and jwt.decode(claims) or nil
end

return jwt
