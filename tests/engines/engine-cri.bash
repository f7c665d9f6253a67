# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# containerd's side of Kubernetes: pods through CRI, the runtime as the handler `tested`.

# shellcheck source=tests/engines/engine-ctr.bash
. "$BATS_TEST_DIRNAME/engine-ctr.bash"

export CRI_ENDPOINT=/run/containerd/containerd.sock CRI_PROTO=$WORK/cri.proto

start_engine() {
	make_runtime limits
	make_archive
	pause_archive
	cri_client
	cri_network
	start_containerd
	ctr -n k8s.io images import "$ARCHIVE" >/dev/null
	ctr -n k8s.io images tag --force "$(ctr -n k8s.io images list -q | grep '/bb:latest$')" "$IMAGE" >/dev/null
	ctr -n k8s.io images import "$WORK/pause.tar" >/dev/null
}

# An image that does nothing, for pods.
pause_archive() {
	image_archive "$WORK/pause.tar" localhost/pause:latest '["sleep", "1000000"]'
}

# An option of fields that protoc does not know before version 22 is left out.
cri_client() {
	sed 's/ *\[ *debug_redact *= *true *\]//' "$CRI_SOURCE" >"$WORK/api.proto"
	protoc -I "$WORK" --descriptor_set_out="$CRI_PROTO" "$WORK/api.proto"
	/usr/bin/python3 "$BATS_TEST_DIRNAME/cri" serve "$WORK/cri" >"$WORK/cri.log" 2>&1 3>&- &
	echo $! >"$WORK/cri.pid"
	until_true 60 [ -p "$WORK/cri" ] || { cat "$WORK/cri.log"; return 1; }
}

stop_engine() {
	stop_containerd
	stop_daemon cri
}

cri_network() {
	sysctl -qw net.ipv4.ip_forward=1
	mkdir -p /etc/cni/net.d
	jq -n '{ cniVersion: "0.4.0", name: "pods", plugins: [{ type: "bridge", bridge: "cni0", isGateway: true,
		ipam: { type: "host-local", ranges: [[{ subnet: "10.88.0.0/16" }]], routes: [{ dst: "0.0.0.0/0" }] } },
		{ type: "portmap", capabilities: { portMappings: true } }] }' >/etc/cni/net.d/10-pods.conflist
}

containerd_config() {
	cat <<END
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:latest"
  disable_apparmor = true
  restrict_oom_score_adj = $(has_all_capabilities && echo false || echo true)
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "/etc/cni/net.d"
[plugins."io.containerd.grpc.v1.cri".containerd]
  default_runtime_name = "tested"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested]
  runtime_type = "io.containerd.runc.v2"
  pod_annotations = ["org.example.*"]
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.tested.options]
  BinaryName = "$WORK/runtime"
END
}

# cri METHOD [JSON]: the answer
cri() {
	local answer=$WORK/cri.$BASHPID status
	mkfifo "$answer"
	printf '%s %s %s\n' "$answer" "$1" "$(jq -c . <<<"${2:-"{}"}")" >"$WORK/cri"
	{
		read -r status
		if [ "$status" -eq 0 ]; then cat; else cat >&2; fi
	} <"$answer"
	rm "$answer"
	return "$status"
}

remove() {
	local name pod
	for name; do
		for pod in $(cri ListPodSandbox | jq -r --arg name "$name" '.items[]? | select(.metadata.name == $name).id'); do
			cri StopPodSandbox "$(jq -nc --arg id "$pod" '{ podSandboxId: $id }')"
			cri RemovePodSandbox "$(jq -nc --arg id "$pod" '{ podSandboxId: $id }')"
		done
	done
}
