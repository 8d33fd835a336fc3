#!/bin/sh
# start|stop|status NAME USER: a pod, a service and a volume claim a person.
set -eu
space=${NAMESPACE:-workspaces}
image=${IMAGE:-quay.io/jupyter/minimal-notebook:latest}
box="workspace-$2"
kube() { kubectl --namespace "$space" "$@"; }

case $1 in
start)
	kube delete secret "$box" --ignore-not-found >/dev/null
	env | grep -E '^(TWINPORT_|GIT_CONFIG_)' | kube create secret generic "$box" --from-env-file=/dev/stdin >/dev/null
	kube apply -f - <<-MANIFEST
	apiVersion: v1
	kind: PersistentVolumeClaim
	metadata: { name: $box }
	spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: ${STORAGE:-10Gi} } } }
	---
	apiVersion: v1
	kind: Service
	metadata: { name: $box }
	spec: { selector: { workspace: $box }, ports: [{ port: 8888 }] }
	---
	apiVersion: v1
	kind: Pod
	metadata: { name: $box, labels: { workspace: $box } }
	spec:
	  automountServiceAccountToken: false
	  securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 100 }
	  volumes: [{ name: files, persistentVolumeClaim: { claimName: $box } }]
	  containers:
	    - name: workspace
	      image: $image
	      workingDir: /workspace
	      args: [start-notebook.py, --IdentityProvider.token=, --ServerApp.allow_remote_access=True, --ServerApp.root_dir=/workspace]
	      envFrom: [{ secretRef: { name: $box } }]
	      ports: [{ containerPort: 8888 }]
	      readinessProbe: { tcpSocket: { port: 8888 } }
	      resources: { limits: { memory: ${MEMORY:-4Gi}, cpu: "${CPUS:-2}" } }
	      volumeMounts: [{ name: files, mountPath: /workspace }]
	      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
	MANIFEST
	;;
stop)
	kube delete pod,service "$box" --ignore-not-found --grace-period=10
	;;
status)
	state=$(kube get pod "$box" --ignore-not-found --output 'jsonpath={.status.phase} {.status.conditions[?(@.type=="Ready")].status} {.status.containerStatuses[0].state.waiting.reason}')
	case $state in
	"Running True"*) echo "running http://$box.$space.svc:8888" ;;
	*ImagePull* | *Err* | Failed*) echo "failed the pod is $state: kubectl --namespace $space describe pod $box" ;;
	"") echo stopped ;;
	*) echo starting ;;
	esac
	;;
*)
	echo "kubernetes.sh start|stop|status NAME USER" >&2
	exit 2
	;;
esac
