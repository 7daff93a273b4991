/* See target.h. */
#include "target.h"

#include <string.h>

#include "curlcompat.h"
#include "headers.h"

/* From the oldest to the newest libcurl that the tests have run with. */
bool salon_target_is_copied(void) {
  unsigned version = curl_version_info(CURLVERSION_NOW)->version_num;
  return version >= 0x075800 && version < 0x080f00;
}

static bool add_text(salon_Bytes *b, const char *text) {
  return salon_bytes_add(b, text, strlen(text));
}

bool salon_target_write(salon_Bytes *text, const salon_Exchange *x,
                        const char *rest) {
  static const char last[] = "X-Sent-As:"; /* with its NUL */
  text->len = 0;
  bool ok = add_text(text, rest) && add_text(text, " HTTP/1.1\r\n") &&
            salon_bytes_add(text, x->shared->block, x->shared->block_len);
  for (const struct curl_slist *own = x->headers;
       ok && own != NULL && own != x->shared->list; own = own->next)
    ok = add_text(text, own->data) && add_text(text, "\r\n");
  return ok && salon_bytes_add(text, last, sizeof(last));
}
