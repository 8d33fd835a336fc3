#!/bin/sh
# start|stop|status NAME USER: one container a person, with Docker or Podman.
set -eu
engine=${ENGINE:-docker}
image=${IMAGE:-quay.io/jupyter/minimal-notebook:latest}
port=${PORT:-8888}
box="workspace-$2"

where() { "$engine" port "$box" "$port/tcp" | head -n 1; }

case $1 in
start)
	if "$engine" container inspect "$box" >/dev/null 2>&1; then
		"$engine" start "$box"
		exit
	fi
	set -- -e TWINPORT_URL -e TWINPORT_WORKSPACE_TOKEN -e GIT_CONFIG_COUNT
	at=0
	while [ "$at" -lt "${GIT_CONFIG_COUNT:-0}" ]; do
		set -- "$@" -e "GIT_CONFIG_KEY_$at" -e "GIT_CONFIG_VALUE_$at"
		at=$((at + 1))
	done
	# The port is open on this machine alone, and each has a network of its own: the gate is Twinport.
	"$engine" network inspect "$box" >/dev/null 2>&1 || "$engine" network create "$box" >/dev/null
	"$engine" run --detach --name "$box" --network "$box" --publish "127.0.0.1::$port" --volume "$box:/workspace" --workdir /workspace \
		--memory "${MEMORY:-4g}" --cpus "${CPUS:-2}" --pids-limit 1024 --cap-drop ALL --security-opt no-new-privileges "$@" \
		"$image" start-notebook.py --IdentityProvider.token= --ServerApp.allow_remote_access=True --ServerApp.root_dir=/workspace
	;;
stop)
	# Removed, so that the next start gets a fresh token; the volume keeps the files.
	"$engine" rm --force "$box"
	;;
status)
	state=$("$engine" container inspect --format '{{.State.Status}} {{.State.ExitCode}}' "$box" 2>/dev/null) || { echo stopped; exit 0; }
	case $state in
	running*) echo "running http://$(where)" ;;
	created* | restarting*) echo starting ;;
	"exited 0") echo stopped ;;
	*) echo "failed the container is $state: $engine logs $box" ;;
	esac
	;;
*)
	echo "docker.sh start|stop|status NAME USER" >&2
	exit 2
	;;
esac
