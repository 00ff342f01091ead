#!/bin/sh
# Starts report.mjs on a machine with a GPU, CUDA's compiler, cmake and ninja, and without a network. Unpacks the
# archives of carry.mjs first, unless they are unpacked already.
#
#   sh scripts/gpu/run.sh CARRIED.tar.xz... [report.mjs's arguments]
set -eu
cd "$(dirname "$0")/../.."
unpacked=.cache/carried/unpacked
while :; do
  case "${1-}" in *.tar.xz) ;; *) break ;; esac
  mark="$unpacked/$(basename "$1")"
  if [ ! -e "$mark" ] || [ "$1" -nt "$mark" ]; then
    # python3 unpacks if tar has no xz
    tar -xf "$1" || python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(".")' "$1"
    mkdir -p "$unpacked"
    touch "$mark"
    find dist -type f -exec touch {} + # newer than lib/, because this machine cannot bundle
  fi
  shift
done
[ -d /usr/local/cuda/bin ] && PATH="$PATH:/usr/local/cuda/bin"
PATH="$PWD/.cache/carried:$PATH"
export PATH
exec node scripts/gpu/report.mjs "$@"
