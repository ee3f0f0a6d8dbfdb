/** A form of any part of the configuration, made from its schema. */
import { useState } from "preact/hooks";
import { Button, Pill, useWordsBound } from "../parts/basics.tsx";
import {
  ChoiceField,
  LinesField,
  NumberField,
  SecretField,
  SwitchField,
  TextField,
} from "./leaf-fields.tsx";
import { freshValue, isRequired, kindOf, type SchemaNode, variantOf } from "./schema-node.ts";
import { useSettingWords } from "./setting-words.ts";

export interface NodeProps {
  readonly node: SchemaNode;
  readonly path: string;
  readonly value: unknown;
  /** `undefined`: the node goes, and its default is in force again. */
  readonly onChange: (value: unknown) => void;
  /** What the device said against values, by path. */
  readonly problems: Readonly<Record<string, string>>;
}

const leaves = {
  switch: SwitchField,
  choice: ChoiceField,
  number: NumberField,
  text: TextField,
  secret: SecretField,
  lines: LinesField,
} as const;

export function NodeForm(props: NodeProps & { readonly optional?: boolean }) {
  const { node, path, value, onChange, optional = false } = props;
  const { t } = useWordsBound();
  const { titleOf, helpOf } = useSettingWords();
  const kind = kindOf(node);
  if (kind === "fixed") return null;
  if (optional && value === undefined)
    return (
      <div class="absent">
        <div>
          <p class="label">{titleOf(path, node)}</p>
          <p class="hint">{helpOf(path, node)}</p>
        </div>
        <Button
          icon="plus"
          label={t("settings.set.label", { title: titleOf(path, node) })}
          onClick={() => onChange(freshValue(node))}
        >
          {t("settings.set")}
        </Button>
      </div>
    );
  const removal = optional && (
    <Button
      kind="quiet"
      icon="cross"
      label={t("settings.unset.label", { title: titleOf(path, node) })}
      onClick={() => onChange(undefined)}
    >
      {t("settings.unset")}
    </Button>
  );
  if (kind === "group" || kind === "list" || kind === "variants") {
    const Whole = { group: GroupForm, list: ListForm, variants: VariantsForm }[kind];
    return (
      <fieldset class="group">
        <legend>
          {titleOf(path, node)} {removal}
        </legend>
        {helpOf(path, node) !== undefined && <p class="hint">{helpOf(path, node)}</p>}
        <Whole {...props} />
      </fieldset>
    );
  }
  const Leaf = leaves[kind];
  return (
    <div class="leaf">
      <Leaf {...props} />
      {removal}
    </div>
  );
}

/** The fields of an object, without a frame. */
export function GroupForm({ node, path, value, onChange, problems }: NodeProps) {
  const record = (value ?? {}) as Readonly<Record<string, unknown>>;
  return (
    <>
      {Object.entries(node.properties ?? {}).map(([key, child]) => (
        <NodeForm
          key={key}
          node={child}
          path={path === "" ? key : `${path}.${key}`}
          value={record[key]}
          optional={!isRequired(node, key) && child.default === undefined}
          onChange={(next) => onChange(changedRecord(record, key, next))}
          problems={problems}
        />
      ))}
    </>
  );
}

function changedRecord(record: Readonly<Record<string, unknown>>, key: string, next: unknown) {
  const { [key]: _, ...others } = record;
  return next === undefined ? others : { ...record, [key]: next };
}

function ListForm({ node, path, value, onChange, problems }: NodeProps) {
  const { t } = useWordsBound();
  const list = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const { items = {}, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = node;
  return (
    <>
      {list.map((one, i) => (
        // Nothing else tells the items of a list apart.
        <details class="item" key={i} open={list.length === 1}>
          <summary>
            {i + 1}. {headingOf(one)}
          </summary>
          <GroupForm
            node={items}
            path={`${path}[${i}]`}
            value={one}
            onChange={(next) => onChange(list.map((old, j) => (j === i ? next : old)))}
            problems={problems}
          />
          <Button
            kind="quiet"
            icon="cross"
            disabled={list.length <= minItems}
            onClick={() => onChange(list.filter((_, j) => j !== i))}
          >
            {t("remove")}
          </Button>
        </details>
      ))}
      <Button
        icon="plus"
        disabled={list.length >= maxItems}
        onClick={() => onChange([...list, freshValue(items)])}
      >
        {t("add")}
      </Button>
    </>
  );
}

function headingOf(value: unknown): string {
  const { name, url, uart } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return [name, url, uart].find((text) => typeof text === "string" && text !== "") as string;
}

function VariantsForm({ node, path, value, onChange, problems }: NodeProps) {
  const { t } = useWordsBound();
  const shapes = node.anyOf ?? [];
  const [chosen, setChosen] = useState(() => variantOf(node, value));
  const shape = shapes[chosen] ?? {};
  return (
    <>
      {shapes.length > 1 && (
        <div class="segments-plain">
          {shapes.map((one, i) => (
            <Button
              // Shapes have no name, and their order is fixed.
              key={i}
              pressed={i === chosen}
              onClick={() => {
                setChosen(i);
                onChange(freshValue(one));
              }}
            >
              {shapeName(one)}
            </Button>
          ))}
        </div>
      )}
      {kindOf(shape) === "fixed" ? (
        <Pill tone="info">{String(shape.const)}</Pill>
      ) : kindOf(shape) === "group" ? (
        <GroupForm node={shape} path={path} value={value} onChange={onChange} problems={problems} />
      ) : (
        <NodeForm node={shape} path={path} value={value} onChange={onChange} problems={problems} />
      )}
    </>
  );

  function shapeName(one: SchemaNode): string {
    switch (kindOf(one)) {
      case "fixed":
        return String(one.const);
      case "number":
        return t("settings.shape.number");
      case "group": {
        const modes = Object.values(one.properties ?? {}).flatMap(
          ({ enum: all, const: only }) => all ?? (only === undefined ? [] : [only]),
        );
        return modes.length > 0 ? modes.join(" / ") : t("settings.shape.own");
      }
      default:
        return t("settings.shape.own");
    }
  }
}
