{{- define "streamjob-operator.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 52 characters: suffixes follow. */}}
{{- define "streamjob-operator.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "streamjob-operator.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Objects of the cluster: two releases of one name in two namespaces are two. */}}
{{- define "streamjob-operator.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "streamjob-operator.fullname" .) -}}
{{- end -}}

{{- define "streamjob-operator.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "streamjob-operator.fullname" .) -}}
{{- else -}}
{{- required "serviceAccount.name: set it to the ServiceAccount that the operator uses, since serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "streamjob-operator.selector" -}}
app.kubernetes.io/name: {{ include "streamjob-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "streamjob-operator.labels" -}}
{{ include "streamjob-operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: streamjob
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "streamjob-operator.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository $tag -}}
{{- end -}}
{{- end -}}

{{/* What main/operator-process.ts reads. */}}
{{- define "streamjob-operator.settings" -}}
{{- $storageRoot := required "storageRoot: set where checkpoints and savepoints go when a StreamJob names no storage, such as --set storageRoot=s3://my-bucket/streamjob" .Values.storageRoot -}}
{{- $settings := dict
  "storageRoot" $storageRoot
  "defaultImage" (.Values.defaultJobImage | default (include "streamjob-operator.image" .))
  "election" (dict "lease" (dict "namespace" .Release.Namespace "name" (include "streamjob-operator.fullname" .)))
  "endpoints" (dict "host" "0.0.0.0" "port" 9249)
  "rootSecret" (dict "namespace" .Release.Namespace "name" (printf "%s-root" (include "streamjob-operator.fullname" .)))
-}}
{{- if .Values.rest.enabled -}}
{{- $service := printf "%s-rest" (include "streamjob-operator.fullname" .) -}}
{{- $inNamespace := printf "%s.%s" $service .Release.Namespace -}}
{{- $names := concat (list $service $inNamespace (printf "%s.svc" $inNamespace) (printf "%s.svc.cluster.local" $inNamespace) "localhost") .Values.rest.names -}}
{{- $settings = set $settings "rest" (dict
  "host" "0.0.0.0"
  "port" 8443
  "audiences" .Values.rest.audiences
  "names" ($names | uniq)
  "authority" (dict "namespace" .Release.Namespace "name" (printf "%s-ca" $service))
) -}}
{{- end -}}
{{- if .Values.watchNamespaces -}}
{{- $settings = set $settings "namespaces" (.Values.watchNamespaces | uniq | sortAlpha) -}}
{{- end -}}
{{- if .Values.savepointPrefixes -}}
{{- $settings = set $settings "savepointPrefixes" .Values.savepointPrefixes -}}
{{- end -}}
{{- $settings | toJson -}}
{{- end -}}
