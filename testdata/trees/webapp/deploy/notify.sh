#!/bin/sh
# One key on each of the two lines; the second one is allowed.
curl -H 'Authorization: Bearer tg_live_{base62:48}' https://api.nateq.io/api/v1/webhooks/events
curl -H 'Authorization: Bearer tg_live_{base62:44}' https://api.nateq.io/api/v1/ping # keytrawl:allow -- revoked
