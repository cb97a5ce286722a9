/** Owns: the Service that leads to the active incarnation, and disruption budgets. */
import { COMPONENT_LABEL, INCARNATION_LABEL } from "../../../crds/index.ts";
import { type Component, disruptionBudget, disruptionBudgetName, restService } from "../../engine/index.ts";
import type { Draft } from "../status/draft.ts";
import type { Action } from "./plan.ts";
import type { Situation } from "../facts/situation.ts";

const components: readonly Component[] = ["jobmanager", "taskmanager"];

export function jobChildren({ status }: Draft, { job, observed, target }: Situation): readonly Action[] {
  const actions: Action[] = [];
  const { active, operation } = status;
  const isRunning = active !== undefined && active.ended === null && operation?.kind !== "delete";
  const { restService: present, disruptionBudgets } = observed;
  if (isRunning && present?.spec.selector?.[INCARNATION_LABEL] !== String(active.incarnation)) {
    const why = `requests go to incarnation ${active.incarnation}`;
    actions.push({ kind: "applyChild", object: restService(job, active.incarnation), why });
  }
  for (const component of components) {
    const pods =
      target.kind === "valid" ? target.spec[component === "jobmanager" ? "jobManager" : "taskManager"] : null;
    const budget = disruptionBudgets.find(
      ({ metadata }) => metadata.name === disruptionBudgetName(job.metadata.name, component),
    );
    if (pods?.pdb === true && isRunning) {
      const selected = budget?.spec.selector.matchLabels;
      if (selected?.[INCARNATION_LABEL] !== String(active.incarnation) || selected[COMPONENT_LABEL] !== component) {
        const object = disruptionBudget(job, component, active.incarnation);
        actions.push({ kind: "applyChild", object, why: `the budget selects incarnation ${active.incarnation}` });
      }
    } else if (budget !== undefined && pods?.pdb === false) {
      const { name, uid } = budget.metadata;
      const why = "the spec requests none";
      actions.push({ kind: "deleteChild", objectKind: "PodDisruptionBudget", name, uid: uid ?? "", why });
    }
  }
  return actions;
}
