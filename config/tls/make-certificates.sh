#!/usr/bin/env sh
# Makes certificates to try TLS with: an authority of its own, and one certificate for each node or client that it is given.
#
#   config/tls/make-certificates.sh DIR NAME[=ADDRESS[,ADDRESS...]]...
#   config/tls/make-certificates.sh certs n1=127.0.0.1 n2=127.0.0.1 client=127.0.0.1
#
# DIR gets ca.pem, and NAME.pem and NAME.key of each. An ADDRESS is an IP address or a DNS name by which others reach the node;
# default 127.0.0.1. For tests: a deployment has its own authority, and keeps its key somewhere else than on the nodes.
set -eu
[ $# -ge 2 ] || { echo "usage: $0 DIR NAME[=ADDRESS[,ADDRESS...]]..." >&2; exit 2; }
command -v openssl >/dev/null || { echo "$0: expected openssl on PATH, found none" >&2; exit 1; }

days=30
dir=$1
shift
mkdir -p "$dir"
umask 077

new_key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null || openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

# One authority for all that are made here, kept when the script runs again for one more node.
if [ ! -f "$dir/ca.pem" ]; then
  new_key "$dir/ca.key"
  openssl req -x509 -new -key "$dir/ca.key" -subj "/CN=AkkaCp test authority" -days "$days" -out "$dir/ca.pem" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
fi

alternative_names() {
  echo "$1" | tr ',' '\n' | while read -r address; do
    case $address in
      *[!0-9.]*) case $address in *:*) printf 'IP:%s,' "$address" ;; *) printf 'DNS:%s,' "$address" ;; esac ;;
      *) printf 'IP:%s,' "$address" ;;
    esac
  done | sed 's/,$//'
}

for entry in "$@"; do
  name=${entry%%=*}
  addresses=127.0.0.1
  [ "$entry" = "$name" ] || addresses=${entry#*=}
  new_key "$dir/$name.key"
  openssl req -new -key "$dir/$name.key" -subj "/CN=$name" -out "$dir/$name.csr"
  {
    echo "basicConstraints=critical,CA:FALSE"
    echo "keyUsage=critical,digitalSignature"
    echo "extendedKeyUsage=serverAuth,clientAuth"
    echo "subjectAltName=$(alternative_names "$addresses")"
  } > "$dir/$name.ext"
  openssl x509 -req -in "$dir/$name.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial -days "$days" \
    -extfile "$dir/$name.ext" -out "$dir/$name.pem" 2>/dev/null
  rm -f "$dir/$name.csr" "$dir/$name.ext"
done
echo "$dir: ca.pem and certificates of $(printf '%s ' "$@" | sed 's/=[^ ]*//g')"
