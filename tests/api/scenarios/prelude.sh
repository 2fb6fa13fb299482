# shellcheck shell=bash
# What the transcripts' commands share.

# The files that several scenarios apply.
web() {
    cat <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 2
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: nginx
        image: nginx:1.10
        ports:
        - containerPort: 80
YAML
}

pod() {
    cat <<YAML
apiVersion: v1
kind: Pod
metadata:
  name: ${1:-one}
  labels: {app: web}
spec:
  containers:
  - name: main
    image: nginx:1.10
    ports:
    - containerPort: 80
YAML
}

# Run kubectl in the background: `watching get pods -w`, then `line` for each line that it prints,
# which is in $SAID, too; `stop` at the end.
watching() { coproc WATCH { exec kubectl "$@" 2>&1; }; }
line() { IFS= read -r -t 20 -u "${WATCH[0]}" SAID && echo "$SAID"; }
stop() { kill "$WATCH_PID"; wait "$WATCH_PID" 2>/dev/null; return 0; }

# svc SPEC [NAME]: creates a Service.
svc() {
    kubectl create -f - <<<"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"${2:-s}\"},\"spec\":$1}"
}
