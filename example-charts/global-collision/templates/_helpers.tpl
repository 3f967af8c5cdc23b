{{/*
The name of every object: the release's, then the chart's unless the release has it already.
*/}}
{{- define "global-collision.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/*
Labels of every object.
*/}}
{{- define "global-collision.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "global-collision.selectorLabels" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/*
What pods are found by. The fault: app.kubernetes.io/instance is not among it, so the Service of one
release sends requests to the pods of another one in the same namespace.
*/}}
{{- define "global-collision.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
{{- end }}
