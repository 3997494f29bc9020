#!/usr/bin/env bash
# The balance of one participant, by CPF. Who acts goes into the API's audit trail.
#
#   M2M_IMPERSONATOR=ops@example.com examples/balance.sh 529.982.247-25
set -euo pipefail
: "${M2M_IMPERSONATOR:?says who acts for the participant}"
m2m request @balance --as-cpf "$1" --one | jq .balance
