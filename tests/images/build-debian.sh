#!/bin/sh
# Builds a plain Debian 12 image for amd64 from Debian's own packages, without loop devices, mounts or KVM, and prints
# the path of the qcow2 as its last line. GPT with a BIOS boot partition, an EFI system partition and an ext4 root; it
# boots by BIOS (GRUB) and by UEFI (shim and GRUB, signed). Needs root for mmdebstrap's chroot, and the packages
# mmdebstrap, e2fsprogs, dosfstools, mtools, gdisk and qemu-utils. What was built is kept in .cache and used again.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache="$here/.cache"
root="$cache/debian-bookworm-amd64.root"
raw="$cache/debian-12-amd64.raw"
image="$cache/debian-12-amd64.qcow2"
root_uuid=6f1d2c3b-4a59-4e68-8776-8594a3b2c1d0
esp_id=5EC5A11E

mkdir -p "$cache"
exec 3>&1 1>&2

# One build at a time: test suites and the benchmark may ask for it together.
exec 9>"$cache/lock"
flock 9

if [ -f "$image" ]; then
  echo "$image" >&3
  exit 0
fi

if [ ! -d "$root" ]; then
  rm -rf "$root.part"
  mmdebstrap --variant=minbase --format=directory --include="systemd-sysv udev linux-image-cloud-amd64 initramfs-tools \
    cloud-init cloud-guest-utils e2fsprogs openssh-server ifupdown isc-dhcp-client netbase grub-efi-amd64-signed \
    shim-signed grub-efi-amd64-bin grub-pc-bin ca-certificates sudo less locales" bookworm "$root.part"
  mv "$root.part" "$root"
fi

kernel=$(basename "$root"/boot/vmlinuz-* | sed 's/^vmlinuz-//')
cat > "$root/etc/fstab" <<END
UUID=$root_uuid / ext4 rw,discard,errors=remount-ro,x-systemd.growfs 0 1
UUID=$(echo $esp_id | sed 's/^..../&-/') /boot/efi vfat defaults,umask=077 0 0
END
mkdir -p "$root/boot/grub" "$root/boot/efi"
cat > "$root/boot/grub/grub.cfg" <<END
set timeout=1
menuentry 'Debian GNU/Linux' {
  search --no-floppy --fs-uuid --set=root $root_uuid
  linux /boot/vmlinuz-$kernel root=UUID=$root_uuid ro console=tty0 console=ttyS0,115200
  initrd /boot/initrd.img-$kernel
}
END

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The EFI system partition: shim under the fallback name, and GRUB that looks for its menu on the root filesystem.
mkfs.vfat -C -i "$esp_id" -n ESP "$work/esp.img" $((64 * 1024)) > /dev/null
printf 'search --no-floppy --fs-uuid --set=root %s\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n' \
  "$root_uuid" > "$work/grub.cfg"
mmd -i "$work/esp.img" ::/EFI ::/EFI/BOOT ::/EFI/debian
mcopy -i "$work/esp.img" "$root/usr/lib/shim/shimx64.efi.signed" ::/EFI/BOOT/BOOTX64.EFI
mcopy -i "$work/esp.img" "$root/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" ::/EFI/BOOT/grubx64.efi
mcopy -i "$work/esp.img" "$root/usr/lib/shim/shimx64.efi.signed" ::/EFI/debian/shimx64.efi
mcopy -i "$work/esp.img" "$root/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" ::/EFI/debian/grubx64.efi
mcopy -i "$work/esp.img" "$work/grub.cfg" ::/EFI/debian/grub.cfg

# BIOS: what grub-install would write. The boot sector gets the place of the core image (partition 1 begins at sector
# 2048), and the core image's first sector the place of its rest.
chroot "$root" grub-mkimage -O i386-pc -p '(hd0,gpt3)/boot/grub' biosdisk part_gpt ext2 > "$work/core.img"
cp "$root/usr/lib/grub/i386-pc/boot.img" "$work/boot.img"
printf '\000\010\000\000\000\000\000\000' | dd of="$work/boot.img" bs=1 seek=92 conv=notrunc status=none
printf '\001\010\000\000\000\000\000\000' | dd of="$work/core.img" bs=1 seek=500 conv=notrunc status=none

truncate -s 1900M "$work/root.img"
mke2fs -q -t ext4 -L root -U "$root_uuid" -d "$root" "$work/root.img"

truncate -s 2G "$raw.part"
sgdisk -n1:2048:+1M -t1:ef02 -n2:0:+64M -t2:ef00 -n3:0:+1900M -t3:8300 "$raw.part" > /dev/null
dd if="$work/boot.img" of="$raw.part" bs=440 count=1 conv=notrunc status=none
dd if="$work/core.img" of="$raw.part" bs=512 seek=2048 conv=notrunc status=none
dd if="$work/esp.img" of="$raw.part" bs=1M seek=2 conv=notrunc,sparse status=none
dd if="$work/root.img" of="$raw.part" bs=1M seek=66 conv=notrunc,sparse status=none
mv "$raw.part" "$raw"

qemu-img convert -f raw -O qcow2 "$raw" "$image.part"
mv "$image.part" "$image"
echo "$image" >&3
