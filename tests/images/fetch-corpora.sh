#!/bin/sh
# Fetches the damaged test images that ship in Debian's source packages of e2fsprogs, qemu and btrfs-progs, and puts
# them in .cache/corpora/<package>/. Their licences are their own, so they are downloaded and never committed.
# Needs apt and dpkg-dev. The machine's own apt sources stay as they are: lists live in the cache too.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${1:-"$root/.cache/corpora"}
apt_state="$cache/apt"
packages="e2fsprogs qemu btrfs-progs"

missing=
for package in $packages; do
  [ -e "$cache/$package/.complete" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
mkdir -p "$apt_state/lists/partial" "$apt_state/archives/partial" "$apt_state/sources.d"

# The same places as the machine's binary packages come from, asked for their sources.
cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2> /dev/null | sed -n 's/^deb /deb-src /p' > "$apt_state/sources.list" || true
for file in /etc/apt/sources.list.d/*.sources; do
  [ -e "$file" ] && sed 's/^Types:.*/Types: deb-src/' "$file" > "$apt_state/sources.d/$(basename "$file")"
done
set -- -qq -o Dir::Etc::sourcelist="$apt_state/sources.list" -o Dir::Etc::sourceparts="$apt_state/sources.d" \
  -o Dir::State::lists="$apt_state/lists" -o Dir::Cache::archives="$apt_state/archives" \
  -o Dir::Cache::srcpkgcache="" -o Dir::Cache::pkgcache="" -o APT::Sandbox::User=""
apt-get "$@" update

for package in $missing; do
  target="$cache/$package"
  rm -rf "$target" "$apt_state/$package"
  mkdir -p "$target" "$apt_state/$package"
  (cd "$apt_state/$package" && apt-get "$@" source --download-only "$package")
  (cd "$apt_state/$package" && dpkg-source --no-check -x ./*.dsc tree > /dev/null)
  case $package in
    e2fsprogs) (cd "$apt_state/$package/tree/tests" && find . -name '*.gz' -exec cp --parents {} "$target" \;) ;;
    qemu) (cd "$apt_state/$package/tree/tests/qemu-iotests" && cp -r sample_images "$target") ;;
    btrfs-progs) (cd "$apt_state/$package/tree/tests" && find . -name '*.xz' -exec cp --parents {} "$target" \;) ;;
  esac
  rm -rf "$apt_state/$package"
  touch "$target/.complete"
  echo "$package: $(find "$target" -type f | wc -l) files"
done
