{{- define "streamjob-operator.nameLookup" -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
  to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
{{- end -}}

{{- define "streamjob-operator.jobMetrics" -}}
{{- with .metricsFrom }}
- ports:
    - port: 9249
  from:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end -}}
