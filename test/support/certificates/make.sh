#!/bin/sh
# Makes the certificates of the tests anew. See README.md.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
start=20240101000000Z
end=21240101000000Z
names='subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'
leaf='basicConstraints=critical,CA:FALSE
extendedKeyUsage=serverAuth'
: > "$work/index.txt"

# issue NAME KEY EXTENSIONS START END ISSUER: the issuer is given as options of `openssl ca`
issue() {
  cat > "$work/$1.cnf" <<CONFIG
[ca]
default_ca=tests
[tests]
database=$work/index.txt
rand_serial=yes
unique_subject=no
new_certs_dir=$work
default_md=sha256
policy=any
x509_extensions=extensions
[any]
commonName=supplied
[extensions]
$3
CONFIG
  openssl req -new -key "$2" -subj "/CN=$1" -out "$work/$1.csr"
  openssl ca -batch -notext -config "$work/$1.cnf" $6 \
    -startdate "$4" -enddate "$5" -in "$work/$1.csr" -out "$1.pem"
}

openssl ecparam -name prime256v1 -genkey -noout -out "$work/ca-key.pem"
# The servers' key is the same in every certificate.
openssl ecparam -name prime256v1 -genkey -noout -out server-key.pem

self="-selfsign -keyfile $work/ca-key.pem"
issue authority "$work/ca-key.pem" 'basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign' "$start" "$end" "$self"

by_authority="-cert authority.pem -keyfile $work/ca-key.pem"
issue localhost server-key.pem "$leaf
$names" "$start" "$end" "$by_authority"
issue wrong-host server-key.pem "$leaf
subjectAltName=DNS:elsewhere.example" "$start" "$end" "$by_authority"
issue expired server-key.pem "$leaf
$names" 20200101000000Z 20210101000000Z "$by_authority"
issue self-signed server-key.pem "$names" "$start" "$end" '-selfsign -keyfile server-key.pem'
issue not-yet-valid server-key.pem "$leaf
$names" 21200101000000Z "$end" "$by_authority"
issue wrong-purpose server-key.pem "basicConstraints=critical,CA:FALSE
extendedKeyUsage=clientAuth
$names" "$start" "$end" "$by_authority"
issue revoked server-key.pem "$leaf
$names" "$start" "$end" "$by_authority"

openssl ca -config "$work/revoked.cnf" $by_authority -revoke revoked.pem
openssl ca -config "$work/revoked.cnf" $by_authority -gencrl \
  -crl_lastupdate "$start" -crl_nextupdate "$end" -out revocations.pem
