#!/bin/bash
# Makes a container engine answer on this machine: installs Debian's docker.io
# if there is no dockerd, and starts one if none answers. Run by `make docker`.
set -euo pipefail

probe=("$@") # The command that tells whether an engine answers.
log=bin/dockerd.log

if "${probe[@]}" 2>/dev/null; then
	exit 0
fi
if [ "$(id -u)" != 0 ]; then
	echo "make docker: no container engine answers, and only root may install and start one." >&2
	echo "Run it as root, or let DOCKER_HOST name an engine on this machine." >&2
	exit 3
fi
if ! command -v dockerd >/dev/null; then
	echo "make docker: installing docker.io"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker.io </dev/null
fi
mkdir -p bin

# Each try asks less of the machine: containers here share its network, so they
# need neither a bridge nor packet filters, and a plain copy serves for layers.
tries=("" "--iptables=false --ip6tables=false --bridge=none" "--iptables=false --ip6tables=false --bridge=none --storage-driver=vfs")
for flags in "${tries[@]}"; do
	echo "make docker: starting dockerd $flags (log: $log)"
	# shellcheck disable=SC2086 # The flags are words of their own.
	setsid nohup dockerd $flags >"$log" 2>&1 </dev/null &
	daemon=$!
	for ((i = 0; i < 60; i++)); do
		sleep 0.5
		if "${probe[@]}" 2>/dev/null; then
			exit 0
		fi
		kill -0 "$daemon" 2>/dev/null || break
	done
	kill "$daemon" 2>/dev/null || true
	wait "$daemon" 2>/dev/null || true
done
echo "make docker: dockerd does not come up; the end of $log:" >&2
tail -n 5 "$log" >&2
exit 3
