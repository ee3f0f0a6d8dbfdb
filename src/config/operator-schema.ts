/**
 * What concerns the operator's side: page, API, and the tools that people already use. Each node may say `title`, `unit`,
 * `secret` (never shown), `restart`: what taking a change into use costs (src/api/device.ts, `RestartNeed`), and `confirm`.
 */
import Type, { type Static } from "typebox";

const closed = { additionalProperties: false } as const;
const onOperator = { restart: "operator" } as const;
/** Of a kind that can cut the operator off: taken back unless somebody confirms that they are still there. */
const confirmed = { ...onOperator, confirm: true } as const;

const listenAddress = Type.String({
  maxLength: 255,
  title: "Address",
  ...onOperator,
  pattern: "^(\\[[0-9a-fA-F:.]+\\]|[^\\s:\\[\\]]+):\\d{1,5}$",
  description: "HOST:PORT; 0.0.0.0 is every network, 127.0.0.1 this machine alone",
});

const source = Type.String({
  minLength: 1,
  maxLength: 64,
  title: "Source",
  description: 'An address, a network like 10.0.0.0/8, "private" or "all"',
});

export const nameSchema = Type.String({
  default: "asicd",
  minLength: 1,
  maxLength: 63,
  // Also a network name and a part of MQTT topics.
  pattern: "^[A-Za-z0-9]([A-Za-z0-9 _.-]*[A-Za-z0-9])?$",
  title: "Name",
  description: "What this machine is called on the page, in MQTT and on the network",
  restart: "operator",
});

export const pausedSchema = Type.Boolean({
  default: false,
  title: "Paused",
  description: "No hashing until it is taken back; guard, fans and page go on",
});

export const apiSchema = Type.Object(
  {
    enabled: Type.Boolean({
      default: true,
      title: "Page and API",
      description: "Serve the web page and the API",
      ...confirmed,
    }),
    listen: Type.Array(listenAddress, {
      default: ["0.0.0.0:80"],
      minItems: 1,
      maxItems: 8,
      title: "Listen on",
      description: "Where page and API are served",
      ...confirmed,
    }),
    tls: Type.Enum(["off", "generated", "own"], {
      default: "off",
      title: "TLS",
      description:
        "off: plain HTTP; generated: a certificate made by this machine, which browsers ask about once; own: certificateFile and keyFile",
      ...confirmed,
    }),
    certificateFile: Type.Optional(
      Type.String({
        maxLength: 255,
        title: "Certificate file",
        description: "PEM; for tls: own",
        ...confirmed,
      }),
    ),
    keyFile: Type.Optional(
      Type.String({
        maxLength: 255,
        title: "Key file",
        description: "PEM; for tls: own",
        ...confirmed,
      }),
    ),
    hosts: Type.Array(
      Type.String({
        minLength: 1,
        maxLength: 253,
        title: "Host",
        description: "A name without port",
        ...confirmed,
      }),
      {
        default: [],
        maxItems: 16,
        title: "Other host names",
        description:
          "Names under which the page may be opened beyond addresses, localhost, the host name and NAME.local: others are refused (DNS rebinding)",
        ...confirmed,
      },
    ),
    sessionHours: Type.Integer({
      default: 24,
      minimum: 1,
      maximum: 720,
      unit: "h",
      title: "Session length",
      description: "A login ends after so long without use",
    }),
    publicRead: Type.Boolean({
      default: true,
      title: "Readable without login",
      description:
        "Anyone on the network may look at status, boards and pools; settings, logs and every write need a login",
    }),
  },
  {
    ...closed,
    default: {},
    title: "Page and API",
    description: "The web page and the API under it",
  },
);

export const compatSchema = Type.Object(
  {
    persona: Type.Enum(["auto", "antminer", "axeos", "none"], {
      default: "auto",
      title: "Persona",
      description:
        "As what fleet tools (pyasic, asic-rs, …) are told to take this machine; auto: what its hardware is",
      ...onOperator,
    }),
    cgminer: Type.Object(
      {
        enabled: Type.Boolean({
          default: true,
          title: "cgminer API",
          description: "The cgminer API that exporters and fleet tools read",
          ...onOperator,
        }),
        listen: Type.Array(listenAddress, {
          default: ["0.0.0.0:4028"],
          minItems: 1,
          maxItems: 8,
          title: "Listen on",
          description: "Where the cgminer API is served",
          ...onOperator,
        }),
        read: Type.Array(source, {
          default: ["private"],
          maxItems: 32,
          title: "May read",
          description:
            'Addresses or networks (10.0.0.0/8); "private": this machine and local networks; "all"',
        }),
        write: Type.Array(source, {
          default: ["127.0.0.1", "::1"],
          maxItems: 32,
          title: "May write",
          description:
            "This interface knows no password: whoever is listed may change pools and pause",
        }),
      },
      {
        ...closed,
        default: {},
        title: "cgminer API",
        description: "Port 4028, as exporters and fleet tools know it",
      },
    ),
  },
  {
    ...closed,
    default: {},
    title: "Compatibility",
    description: "Interfaces of other firmware, for tools that know those",
  },
);

export const mqttSchema = Type.Object(
  {
    url: Type.String({
      pattern: "^mqtts?://",
      maxLength: 255,
      title: "Broker",
      description: "mqtt://HOST:PORT or mqtts://HOST:PORT",
      ...onOperator,
    }),
    user: Type.Optional(
      Type.String({
        maxLength: 255,
        title: "User",
        description: "Who logs in at the broker",
        ...onOperator,
      }),
    ),
    password: Type.Optional(
      Type.String({
        maxLength: 255,
        title: "Password",
        description: "What the broker wants with it",
        secret: true,
        ...onOperator,
      }),
    ),
    topic: Type.String({
      default: "asicd",
      pattern: "^[^#+\\s]+$",
      maxLength: 100,
      title: "Topic",
      description: "First part of every topic; the name follows",
      ...onOperator,
    }),
    discoveryPrefix: Type.String({
      default: "homeassistant",
      pattern: "^[^#+\\s]*$",
      maxLength: 100,
      title: "Home Assistant prefix",
      description: "Where Home Assistant looks for devices; empty: not announced",
      ...onOperator,
    }),
    control: Type.Boolean({
      default: true,
      title: "Commands",
      description:
        "Take commands from the broker: whoever may publish there pauses, restarts, switches pools, clears trips, and sets clock and fans (never immersion)",
      ...onOperator,
    }),
    intervalS: Type.Integer({
      default: 10,
      minimum: 1,
      maximum: 3_600,
      unit: "s",
      title: "Interval",
      description: "Between two states; changes of what counts are sent at once",
      ...onOperator,
    }),
  },
  {
    ...closed,
    title: "MQTT",
    description: "State to a broker, commands from it; absent: no MQTT",
    ...onOperator,
  },
);

export const metricsSchema = Type.Object(
  {
    enabled: Type.Boolean({
      default: true,
      title: "Prometheus",
      description: "Serve /metrics beside the page; readable like the status",
      ...onOperator,
    }),
  },
  { ...closed, default: {}, title: "Prometheus", description: "What Prometheus reads" },
);

export const mdnsSchema = Type.Object(
  {
    enabled: Type.Boolean({
      default: true,
      title: "Announce on the local network",
      description: "mDNS: NAME.local, and _http._tcp for those who look for devices",
      ...onOperator,
    }),
  },
  {
    ...closed,
    default: {},
    title: "mDNS",
    description: "How the machine is found on the local network",
  },
);

export const webhookSchema = Type.Object(
  {
    url: Type.String({
      pattern: "^https?://",
      maxLength: 500,
      title: "URL",
      description: "Gets a POST with each event",
      secret: true,
      ...onOperator,
    }),
    secret: Type.Optional(
      Type.String({
        minLength: 8,
        maxLength: 255,
        title: "Secret",
        description: "Signs each call: X-Asicd-Signature is the HMAC-SHA256 of the body",
        secret: true,
        ...onOperator,
      }),
    ),
    severity: Type.Enum(["info", "warning", "error"], {
      default: "warning",
      title: "From",
      description: "The least important events that are sent",
      ...onOperator,
    }),
  },
  {
    ...closed,
    title: "Webhook",
    description: "Events to a program of yours; absent: no webhook",
    ...onOperator,
  },
);

export type ApiConfig = Static<typeof apiSchema>;
export type CompatConfig = Static<typeof compatSchema>;
export type MqttConfig = Static<typeof mqttSchema>;
export type WebhookConfig = Static<typeof webhookSchema>;
