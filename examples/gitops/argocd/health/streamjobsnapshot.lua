-- Health of a StreamJobSnapshot for Argo CD: Healthy once the savepoint is complete.
local status = obj.status or {}
local phase = status.phase or "Pending"
local message = status.message or status.location or phase
if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "The StreamJobSnapshot is being deleted" }
end
if phase == "Completed" then
  return { status = "Healthy", message = message }
end
if phase == "Failed" then
  return { status = "Degraded", message = message }
end
return { status = "Progressing", message = message }
