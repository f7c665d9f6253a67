#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# hull features: the document is as the specification has it, and tells the truth.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	"$HULL" features >"$BATS_TEST_TMPDIR/features.json" 2>"$BATS_TEST_TMPDIR/err"
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	[ -z "${STATES:-}" ] || clean_up
}

# The schemas forbid no member that they do not know: those are looked for as well.
@test "features: valid by the schema of the specification, with no member that it does not know" {
	python3 -c 'import jsonschema' 2>/dev/null || skip "no jsonschema here (Debian: apt-get install python3-jsonschema)"
	python3 -W ignore - "$BATS_TEST_DIRNAME/../data/oci-schema" features.json <<'PY'
import json, jsonschema, os, sys
schemas = {name: json.load(open(os.path.join(sys.argv[1], name))) for name in os.listdir(sys.argv[1]) if name.endswith(".json")}
document = json.load(open(sys.argv[2]))
top = schemas["features-schema.json"]
jsonschema.Draft4Validator.check_schema(top)
resolver = jsonschema.RefResolver("features-schema.json", top, store=schemas)
validator = jsonschema.Draft4Validator(top, resolver=resolver)
wrong = [f"{list(e.path)}: {e.message}" for e in validator.iter_errors(document)]

# Named by features-linux.md of 1.3.0, not yet by the schema.
newer = {"linux.memoryPolicy", "linux.intelRdt.schemata", "linux.intelRdt.monitoring"}

def strangers(value, schema, path):
    if "$ref" in schema:
        url, schema = resolver.resolve(schema["$ref"])
        with resolver.in_scope(url):
            yield from strangers(value, schema, path)
    elif "properties" in schema and isinstance(value, dict):
        for key, below in value.items():
            here = f"{path}.{key}".lstrip(".")
            if key in schema["properties"]:
                yield from strangers(below, schema["properties"][key], here)
            elif here not in newer:
                yield here

wrong += [f"unknown member {name}" for name in strangers(document, top, "")]
bad = dict(document, ociVersionMax=1)
assert any(validator.iter_errors(bad)), "the validator finds nothing wrong with a wrong document"
print("\n".join(wrong))
sys.exit(bool(wrong))
PY
}

@test "features: versions 1.0.0 to 1.3.0, all hooks, nothing on stderr" {
	[ ! -s err ]
	jq -e '.ociVersionMin == "1.0.0" and .ociVersionMax == "1.3.0" and
		(.hooks | sort) == ["createContainer", "createRuntime", "poststart", "poststop", "prestart", "startContainer"]' features.json
}

# The table of config.md: what MUST, SHOULD and MAY be understood.
@test "features: every mount option of the specification" {
	local must="async atime bind defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime noexec
		noiversion nolazytime norelatime nostrictatime nosuid private rbind relatime remount ro rprivate rshared rslave
		runbindable rw shared silent slave strictatime suid sync unbindable"
	local should="nosymfollow symfollow idmap ridmap ratime rdev rdiratime rexec rnoatime rnodev rnodiratime rnoexec
		rnorelatime rnostrictatime rnosuid rnosymfollow rrelatime rro rrw rstrictatime rsuid rsymfollow"
	local may="mand nomand tmpcopyup"
	for option in $must $should $may; do
		jq -e --arg o "$option" '.mountOptions | index($o)' features.json >/dev/null || {
			echo "$option is missing"
			return 1
		}
	done
	[ "$(jq '.mountOptions | length' features.json)" = "$(jq '.mountOptions | unique | length' features.json)" ]
}

# A listed option is understood: as the data of a file system tmpfs would refuse it.
@test "features: each mount option that is listed is understood" {
	make_bundle
	for option in $(jq -r '.mountOptions[]' "$BATS_TEST_TMPDIR/features.json"); do
		case $option in
		remount) continue ;; # of what is not there
		idmap | ridmap | tmpcopyup) continue ;; # not for each mount: behaviours-mounts, mounts
		esac
		config '.mounts = [{destination: "/mnt", type: "tmpfs", source: "/tmp", options: ["bind", $o]}]' --arg o "$option"
		run --separate-stderr "$HULL" plan --json "$ID"
		[ "$status" -eq 0 ] || {
			echo "$option: $stderr"
			return 1
		}
		[ "$(jq '[.mounts[] | select(.target == "/mnt").data[]?] | length' <<<"$output")" -eq 0 ] ||
			[[ " async dirsync lazytime loud mand nomand silent sync iversion noiversion nolazytime " == *" $option "* ]] || {
			echo "$option became data"
			return 1
		}
	done
}

# libseccomp knows not all of the architectures.
@test "features: every action, operator and flag of seccomp, and the architectures of this machine" {
	local machine
	case $(uname -m) in
	x86_64) machine='["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]' ;;
	aarch64) machine='["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]' ;;
	*) machine='[]' ;;
	esac
	jq -e --slurpfile schema "$BATS_TEST_DIRNAME/../data/oci-schema/defs-linux.json" --argjson machine "$machine" '
		$schema[0].definitions as $all | .linux.seccomp | .enabled and (.actions | sort) == ($all.SeccompAction.enum | sort) and
		(.operators | sort) == ($all.SeccompOperators.enum | sort) and
		(.knownFlags | sort) == ($all.SeccompFlag.enum | sort) and (.supportedFlags - .knownFlags == []) and
		(.supportedFlags | index("SECCOMP_FILTER_FLAG_LOG")) and (.archs - $all.SeccompArch.enum == []) and
		($machine - .archs == [])' features.json
}

@test "features: namespaces and capabilities are those of this kernel" {
	for ns in $(jq -r '.linux.namespaces[]' features.json); do
		case $ns in
		network) file=net ;;
		mount) file=mnt ;;
		*) file=$ns ;;
		esac
		[ -e "/proc/self/ns/$file" ]
	done
	[ "$(jq '.linux.capabilities | length' features.json)" -eq $(($(cat /proc/sys/kernel/cap_last_cap) + 1)) ]
}
