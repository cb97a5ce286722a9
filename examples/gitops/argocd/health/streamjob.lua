-- Health of a StreamJob for Argo CD. Healthy: the generation that is in Git runs and has completed a checkpoint, or it is suspended or finished as
-- asked. Degraded: somebody has to act, and the message says how. Suspended: it waits for a person who wants it so (approval, pause).
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local function isTrue(name)
  return conditions[name] ~= nil and conditions[name].status == "True"
end
local function health(name, message)
  return { status = name, message = message or "" }
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "The StreamJob is being deleted")
end
if isTrue("Paused") then
  return health("Suspended", conditions.Paused.message)
end
if status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "The operator has not reconciled this generation yet")
end
if isTrue("Stalled") then
  return health("Degraded", conditions.Stalled.reason .. ": " .. conditions.Stalled.message)
end
if isTrue("Ready") then
  return health("Healthy", conditions.Ready.message)
end
local ready = conditions.Ready or { reason = "", message = "" }
if ready.reason == "AwaitingApproval" then
  return health("Suspended", ready.message)
end
return health("Progressing", ready.message)
