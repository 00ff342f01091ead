#!/bin/sh
# Starts report.mjs on a machine that has a GPU, CUDA's compiler, cmake and ninja, and no network:
# unpacks what carry.mjs packed beside this project, unless it is there.
#
#   sh scripts/gpu/run.sh CARRIED.tar.xz [report.mjs's arguments]
set -eu
cd "$(dirname "$0")/../.."
carried=$1
shift
if [ ! -x .cache/carried/node ] || [ "$carried" -nt .cache/carried/node ]; then
  # python3 where tar finds no xz
  tar -xf "$carried" || python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(".")' "$carried"
  touch .cache/carried/node
  find dist -type f -exec touch {} + # newer than lib/: there is nothing to bundle it with
fi
[ -d /usr/local/cuda/bin ] && PATH="$PATH:/usr/local/cuda/bin"
PATH="$PWD/.cache/carried:$PATH"
export PATH
exec node scripts/gpu/report.mjs "$@"
