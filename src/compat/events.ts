/**
 * Events and event handler attributes as the WHATWG's standards have them.
 */

/** The facts of a close event. */
export interface CloseEventInit {
  readonly wasClean?: boolean | undefined;
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
}

/** The end of a connection, as listeners of `close` are told. */
export interface CloseEvent extends Event {
  /** Whether the closing handshake was done. */
  readonly wasClean: boolean;
  /** The code received: 1005 if the close frame had none, 1006 if none came. */
  readonly code: number;
  readonly reason: string;
}

/** The class of close events. */
export type CloseEventConstructor = new (type: string, init?: CloseEventInit) => CloseEvent;

/** The class of close events. Node.js has one since version 23. */
export const CloseEvent: CloseEventConstructor =
  (globalThis as { CloseEvent?: CloseEventConstructor }).CloseEvent ?? ownCloseEvent();

function ownCloseEvent(): CloseEventConstructor {
  class OwnCloseEvent extends Event implements CloseEvent {
    readonly #wasClean: boolean;
    readonly #code: number;
    readonly #reason: string;

    constructor(type: string, { wasClean = false, code = 0, reason = '' }: CloseEventInit = {}) {
      super(type);
      this.#wasClean = wasClean;
      this.#code = code;
      this.#reason = reason;
    }

    get wasClean(): boolean {
      return this.#wasClean;
    }

    get code(): number {
      return this.#code;
    }

    get reason(): string {
      return this.#reason;
    }
  }
  Object.defineProperty(OwnCloseEvent, 'name', { value: 'CloseEvent' });
  return OwnCloseEvent;
}

/** A message, as listeners of `message` are told. */
export interface MessageEvent<T = unknown> extends Event {
  /** Text, or bytes of the kind that `binaryType` names. */
  readonly data: T;
  /** The origin of the URL that was connected to. */
  readonly origin: string;
}

type MessageEventConstructor = new (
  type: string,
  init: { readonly data: unknown; readonly origin: string },
) => MessageEvent;

/** Makes a message event, of the class that Node.js has. */
export function messageEvent(data: unknown, origin: string): MessageEvent {
  const { MessageEvent: NodeMessageEvent } = globalThis as unknown as {
    MessageEvent: MessageEventConstructor;
  };
  return new NodeMessageEvent('message', { data, origin });
}

/** The value of an attribute such as `onmessage`. */
export type EventHandler<E> = ((event: E) => unknown) | null;

interface Attribute {
  value: unknown;
  readonly listener: (event: Event) => void;
}

/**
 * The event handler attributes of one object (HTML §8.1.8.1). A handler is called in the place among the listeners at
 * which the attribute was first set.
 */
export class HandlerAttributes {
  readonly #target: EventTarget;
  readonly #attributes = new Map<string, Attribute>();

  constructor(target: EventTarget) {
    this.#target = target;
  }

  get<E>(type: string): EventHandler<E> {
    return (this.#attributes.get(type)?.value ?? null) as EventHandler<E>;
  }

  set(type: string, value: unknown): void {
    // What is no object counts as null; an object that cannot be called is kept, and not called.
    const isObject = typeof value === 'function' || (typeof value === 'object' && value !== null);
    const attribute = this.#attributes.get(type);
    if (!isObject) {
      if (attribute === undefined) return;
      this.#target.removeEventListener(type, attribute.listener);
      this.#attributes.delete(type);
    } else if (attribute !== undefined) {
      attribute.value = value;
    } else {
      this.#add(type, value);
    }
  }

  #add(type: string, value: unknown): void {
    const target = this.#target;
    const attribute: Attribute = {
      value,
      listener(event) {
        const handler = attribute.value;
        if (typeof handler !== 'function') return;
        if (Reflect.apply(handler, target, [event]) === false) event.preventDefault();
      },
    };
    this.#attributes.set(type, attribute);
    target.addEventListener(type, attribute.listener);
  }
}

export function syntaxError(message: string): DOMException {
  return new DOMException(message, 'SyntaxError');
}
