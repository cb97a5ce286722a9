/** Every golden form; see form.ts. */
import { baseForms } from "./base-forms.ts";
import type { Form } from "./form.ts";
import { localForms } from "./local-forms.ts";
import { stateForms } from "./state-forms.ts";
import { tableForms } from "./table-forms.ts";
import { wireForms } from "./wire-forms.ts";

export const forms: readonly Form[] = [...stateForms, ...tableForms, ...wireForms, ...baseForms, ...localForms];
