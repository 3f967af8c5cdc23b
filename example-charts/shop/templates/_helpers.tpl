{{/*
The beginning of every object's name: the release's, then the chart's unless the release has it
already. Short enough for what follows it: a CronJob's name may have 52 characters.
*/}}
{{- define "shop.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}
{{- .Release.Name | trunc 44 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 44 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/*
Labels of every object but the component's.
*/}}
{{- define "shop.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "shop.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/*
What all pods of the release have. Every selector adds app.kubernetes.io/component to it.
*/}}
{{- define "shop.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/*
What all pods are run with.
*/}}
{{- define "shop.podDefaults" -}}
automountServiceAccountToken: false
terminationGracePeriodSeconds: 1
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end }}

{{/*
What all containers are run with.
*/}}
{{- define "shop.containerDefaults" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
{{- end }}

{{/*
Annotations that tell Prometheus where to scrape.
*/}}
{{- define "shop.scrapeAnnotations" -}}
prometheus.io/scrape: "true"
prometheus.io/port: "9090"
{{- end }}

{{/*
The declared port that goes with metrics.enabled.
*/}}
{{- define "shop.metricsPort" -}}
- name: metrics
  containerPort: 9090
  protocol: TCP
{{- end }}

{{/*
The environment variable that makes porter open it.
*/}}
{{- define "shop.metricsEnv" -}}
- name: SERVE_PORT_9090
  value: metrics
{{- end }}

{{/*
The rule of a NetworkPolicy that goes with it.
*/}}
{{- define "shop.metricsRule" -}}
- from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .Values.metrics.prometheusNamespace }}
  ports:
    - port: metrics
      protocol: TCP
{{- end }}
