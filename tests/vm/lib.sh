# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # variables are for the files that include this one
# What run and get-kernel share: errors, needed packages, finding kernels, choosing the accelerator.

cache=${HULL_VM_CACHE:-/var/cache/hull-testvm}

# quiet: the console is slow. tsc=reliable: emulated processors share one counter, which the kernel
# cannot see, and any other clock costs an exit per reading. no_timer_check: on a machine under load the
# kernel may see no tick in the time it waits for one, and panics. norandmaps: a program is emulated
# two to three times as fast where the last one was at the same addresses. An oops ends the machine at once.
kernel_arguments="no_timer_check console=ttyS0 quiet loglevel=3 panic=-1 oops=panic reboot=t mitigations=off tsc=reliable nowatchdog norandmaps"

die() {
	echo "vm: $1" >&2
	exit 125
}

# Names the missing packages all at once, with the line that installs them.
need_packages() { # INIT USER_SESSION LSM
	local pair path missing=()
	local wanted=(
		/usr/bin/qemu-system-x86_64:qemu-system-x86
		/bin/busybox:busybox-static
		/usr/bin/cpio:cpio
		/usr/sbin/modprobe:kmod
		/usr/bin/bats:bats
		/usr/bin/xz:xz-utils
	)

	[ "$1" != systemd ] || wanted+=(/usr/lib/systemd/systemd:systemd /usr/bin/dbus-daemon:dbus)
	[ "$2" != yes ] || wanted+=(/usr/lib/x86_64-linux-gnu/security/pam_systemd.so:libpam-systemd
		/usr/lib/systemd/user/dbus.socket:dbus-user-session)
	[ "$3" != apparmor ] || wanted+=(/usr/sbin/apparmor_parser:apparmor)
	[ "$3" != selinux ] || wanted+=(/usr/bin/secilc:secilc)
	for pair in "${wanted[@]}"; do
		path=${pair%%:*}
		[ -e "$path" ] || [ -e "${path#/usr}" ] || missing+=("${pair#*:}")
	done
	[ ${#missing[@]} -eq 0 ] || die "needs packages that are not installed: apt-get install ${missing[*]}"
}

# A complete kernel is an image and its modules; prints "RELEASE IMAGE MODULES_ROOT" per line.
list_kernels() {
	local dir image name

	for image in /boot/vmlinuz-* /usr/lib/modules/*/vmlinuz; do
		case $image in
		/boot/*) name=${image#/boot/vmlinuz-} ;;
		*) name=$(basename "$(dirname "$image")") ;;
		esac
		[ ! -e "$image" ] || [ ! -d "/lib/modules/$name" ] || echo "$name $image /"
	done
	for dir in "$cache"/kernels/*/; do
		name=$(basename "$dir")
		[ ! -e "$dir/vmlinuz" ] || echo "$name ${dir}vmlinuz ${dir%/}"
	done
}

# Sets release, image and modules_root. Without a wish: the newest general-purpose kernel in /boot.
find_kernel() { # RELEASE, the beginning of one, or ""
	local found

	if [ -n "$1" ]; then
		found=$(list_kernels | awk -v r="$1" '$1 == r || index($1, r ".") == 1 || index($1, r "-") == 1 || index($1, r "+") == 1')
		[ -n "$found" ] || die "no kernel $1 in /boot or $cache: tests/vm/get-kernel $1 fetches one"
	else
		found=$(list_kernels | awk '$3 == "/" && $1 !~ /cloud|-rt-/')
		[ -n "$found" ] || die "no kernel in /boot: apt-get install linux-image-amd64"
	fi
	read -r release image modules_root < <(sort -V <<<"$found" | tail -n 1)
	image=$(uncompressed_image "$release" "$image")
}

unpack_payload() { # FILE: to stdout, by the magic number at its start
	case $(od -An -tx1 -N4 "$1" | tr -d ' ') in
	fd377a58) xz -dc --single-stream <"$1" ;;
	28b52ffd) zstd -qdc <"$1" ;;
	1f8b*) gzip -qdc <"$1" ;;
	02214c18) lz4 -qdc <"$1" ;;
	*) return 1 ;;
	esac 2>/dev/null
}

has_pvh_entry() { # FILE: the ELF note by which QEMU enters an uncompressed kernel
	LC_ALL=C grep -qaP '\x04\0\0\0[\x04\x08]\0\0\0\x12\0\0\0Xen\0' "$1"
}

# Under emulation most of a kernel's boot is its own decompression, so that is done here, once per
# kernel. Prints the image to boot, which is the packaged one where this does not work.
uncompressed_image() { # RELEASE IMAGE
	local ready tmp sectors offset length

	ready=$cache/vmlinux/$1-$(stat -L -c %s-%Y "$2")
	if [ ! -e "$ready" ]; then
		mkdir -p "$cache/vmlinux"
		tmp=$(mktemp -d "$cache/vmlinux/.new.XXXXXX")
		# x86 boot protocol: setup_sects, payload_offset, payload_length
		sectors=$(od -An -tu1 -j $((0x1f1)) -N1 "$2")
		offset=$(od -An -tu4 -j $((0x248)) -N4 "$2")
		length=$(od -An -tu4 -j $((0x24c)) -N4 "$2")
		tail -c +$(((sectors + 1) * 512 + offset + 1)) "$2" | head -c "$((length))" >"$tmp/payload" || true
		unpack_payload "$tmp/payload" >"$tmp/vmlinux" || true
		if has_pvh_entry "$tmp/vmlinux"; then
			mv "$tmp/vmlinux" "$ready"
		else
			ln -s "$2" "$ready" # as packaged, then
		fi
		rm -rf "$tmp"
	fi
	echo "$ready"
}

# KVM counts only if it brings this kernel up: a nested or restricted /dev/kvm may open and still be
# unable to. The verdict holds until the next boot of this machine.
choose_accel() {
	local verdict

	verdict=$cache/kvm-$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -w /dev/kvm ]; then
		echo tcg
		return
	fi
	if [ ! -e "$verdict" ]; then
		rm -f "$cache"/kvm-*
		if kvm_boots; then echo kvm >"$verdict"; else echo tcg >"$verdict"; fi
	fi
	cat "$verdict"
}

# Without an initramfs the kernel ends in a panic that names it: far enough to know.
kvm_boots() {
	timeout -k 1 10 qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none -M q35 \
		-accel kvm -cpu host -smp 2 -m 512 -kernel "$image" -serial stdio \
		-append "console=ttyS0 panic=-1" </dev/null 2>/dev/null | grep -q 'Unable to mount root fs'
}
