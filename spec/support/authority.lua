-- A throw-away authority, and certificates that it signs, in a folder: `ca.pem`,
-- `NAME.pem`, `NAME.key`.
--
--   local authority = Authority.new()
--   authority:sign("good", "localhost", "-days 2")
--   authority:remove()

local support = require "spec.support"

local Authority = {}
Authority.__index = Authority

local CONFIG = [[
[ca]
default_ca = own
[own]
dir = %s
database = $dir/index
serial = $dir/serial
new_certs_dir = $dir
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
]]

local KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"

function Authority:openssl(...)
  local output, status = support.run("cd " .. support.quote(self.folder) .. " && openssl "
    .. string.format(...))
  assert(status == 0, output)
end

function Authority.new()
  local self = setmetatable({ folder = support.folder() }, Authority)
  self.ca_file = self.folder .. "/ca.pem"
  support.write(self.folder .. "/ca.conf", CONFIG:format(self.folder))
  support.write(self.folder .. "/index", "")
  support.write(self.folder .. "/serial", "01\n")
  self:openssl("req -x509 %s -days 2 -subj /CN=authority -keyout ca.key -out ca.pem", KEY)
  return self
end

---dates: openssl's options, such as "-days 2".
function Authority:sign(name, host, dates)
  self:openssl("req -new %s -subj /CN=%s -addext subjectAltName=DNS:%s -keyout %s.key -out %s.csr",
    KEY, host, host, name, name)
  self:openssl("ca -batch -config ca.conf %s -in %s.csr -out %s.pem", dates, name, name)
end

---A self-signed certificate.
function Authority:self_signed(name, host)
  self:openssl("req -x509 %s -days 2 -subj /CN=%s -addext subjectAltName=DNS:%s -keyout %s.key -out %s.pem",
    KEY, host, host, name, name)
end

---A server block of nginx that uses it.
function Authority:server(name, port, body)
  return ("server { listen 127.0.0.1:%d ssl; ssl_certificate %s/%s.pem; ssl_certificate_key %s/%s.key;"
    .. " location / { return 200 '%s'; } }"):format(port, self.folder, name, self.folder, name, body)
end

function Authority:remove() support.remove(self.folder) end

return Authority
