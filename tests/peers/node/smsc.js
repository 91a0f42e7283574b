// An SMSC on npm's `smpp` server, whose codec is not ours. Driven over its pipes:
//
//   node smsc.js '{"receipts": "tlv", ...}'
//
// One JSON object a line comes out on stdout for everything that happens (`event` says what), one a
// line may go in on stdin to make something happen (`do` says what). See OPTIONS and COMMANDS below.
'use strict';
const smpp = require('smpp');
const fs = require('fs');
const readline = require('readline');

const OPTIONS = Object.assign({
  system_id: null,        // the only one that may bind; null: anybody
  password: null,
  refuse_binds_with: 0,   // command_status for every bind
  refuse_submits_with: 0, // command_status for every submit_sm
  throttle_first: 0,      // so many submit_sm get ESME_RTHROTTLED
  queue_full_first: 0,    // then so many get ESME_RMSGQFUL
  drop_first: 0,          // so many submit_sm get no response
  drop_every: 0,          // every nth submit_sm gets no response
  answer_after_ms: 0,     // delay of each submit_sm_resp
  hold_answers: false,    // submit_sm_resp wait for the command `answer`
  close_at: 0,            // the nth submit_sm makes the server cut the connection instead of answering
  receipts: null,         // "text", "tlv" or "both", where registered_delivery asks for one
  receipt_after_ms: 0,
  receipt_before_response: false,
  stat: 'DELIVRD',
  unbind_on_submit: 0,    // the nth submit_sm makes the server unbind before answering
  quiet: false,           // count submits instead of reporting each
  tls_key: null, tls_cert: null, // PEM files
}, JSON.parse(process.argv[2] || '{}'));

const STATES = { ENROUTE: 1, DELIVRD: 2, EXPIRED: 3, DELETED: 4, UNDELIV: 5, ACCEPTD: 6, UNKNOWN: 7, REJECTD: 8 };
const sessions = new Map();
const held = [];
let lastSession = 0, submits = 0, messageIds = 0;

function say(event, fields) {
  process.stdout.write(JSON.stringify(Object.assign({ event }, fields), (key, value) =>
    value && value.type === 'Buffer' ? { hex: Buffer.from(value.data).toString('hex') } : value) + '\n');
}

function take(name) {
  if (OPTIONS[name] > 0) { OPTIONS[name] -= 1; return true; }
  return false;
}

function bind(number, session, kind) {
  session.on(kind, (pdu) => {
    let status = OPTIONS.refuse_binds_with;
    if (!status && OPTIONS.system_id !== null && pdu.system_id !== OPTIONS.system_id) status = smpp.ESME_RINVSYSID;
    if (!status && OPTIONS.password !== null && pdu.password !== OPTIONS.password) status = smpp.ESME_RINVPASWD;
    session.send(pdu.response({ command_status: status, system_id: 'NODE' }));
    say('bind', { session: number, kind, system_id: pdu.system_id, system_type: pdu.system_type,
      interface_version: pdu.interface_version, command_status: status });
    if (status) session.close();
    else session.receives = kind !== 'bind_transmitter';
  });
}

function receiver(wanted) {
  if (wanted) return sessions.get(wanted);
  return [...sessions.values()].reverse().find((session) => session.receives);
}

function deliver(pdu, tag, wanted) {
  const session = receiver(wanted);
  if (!session) return say('undelivered', { tag });
  const fields = Object.assign({}, pdu);
  if (fields.short_message_hex !== undefined) {
    fields.short_message = Buffer.from(fields.short_message_hex, 'hex');
    delete fields.short_message_hex;
  }
  const command = fields.command || 'deliver_sm';
  delete fields.command;
  if (typeof fields.message_payload === 'string') fields.message_payload = { message: fields.message_payload };
  return session[command](fields, (answer) => say('delivered', { tag, command_status: answer.command_status }));
}

const two = (number) => String(number).padStart(2, '0');
function stamp() {
  const at = new Date();
  return two(at.getUTCFullYear() % 100) + two(at.getUTCMonth() + 1) + two(at.getUTCDate()) + two(at.getUTCHours()) + two(at.getUTCMinutes());
}

function receipt(submit, messageId) {
  const fields = { esm_class: 4, source_addr_ton: submit.dest_addr_ton, source_addr_npi: submit.dest_addr_npi,
    source_addr: submit.destination_addr, dest_addr_ton: submit.source_addr_ton,
    dest_addr_npi: submit.source_addr_npi, destination_addr: submit.source_addr, short_message: '' };
  if (OPTIONS.receipts !== 'tlv') {
    fields.short_message = `id:${messageId} sub:001 dlvrd:001 submit date:${stamp()} done date:${stamp()} stat:${OPTIONS.stat} err:000 text:`;
  }
  if (OPTIONS.receipts !== 'text') {
    fields.receipted_message_id = messageId;
    fields.message_state = STATES[OPTIONS.stat] || 7;
  }
  setTimeout(() => deliver(fields, 'receipt:' + messageId), OPTIONS.receipt_after_ms);
}

function submitted(number, session, pdu) {
  submits += 1;
  const messageId = (++messageIds).toString(16).padStart(8, '0');
  if (!OPTIONS.quiet) {
    const fields = Object.assign({}, pdu, { session: number, message_id: messageId });
    const message = pdu.short_message && pdu.short_message.message;
    fields.text = Buffer.isBuffer(message) ? message.toString('latin1') : message;
    fields.udh = pdu.short_message && pdu.short_message.udh;
    delete fields.short_message;
    say('submit', fields);
  }
  if (OPTIONS.close_at && submits === OPTIONS.close_at) return session.destroy();
  if (OPTIONS.unbind_on_submit && submits === OPTIONS.unbind_on_submit) session.unbind(() => say('unbind_answered', { session: number }));
  if (take('throttle_first')) return session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
  if (take('queue_full_first')) return session.send(pdu.response({ command_status: smpp.ESME_RMSGQFUL }));
  if (OPTIONS.refuse_submits_with) return session.send(pdu.response({ command_status: OPTIONS.refuse_submits_with }));
  const wanted = OPTIONS.receipts && (pdu.registered_delivery & 1);
  if (wanted && OPTIONS.receipt_before_response) receipt(pdu, messageId);
  if (take('drop_first') || (OPTIONS.drop_every && submits % OPTIONS.drop_every === 0)) return undefined;
  const answer = () => {
    session.send(pdu.response({ message_id: messageId }));
    if (wanted && !OPTIONS.receipt_before_response) receipt(pdu, messageId);
  };
  if (OPTIONS.hold_answers) held.push(answer);
  else if (OPTIONS.answer_after_ms) setTimeout(answer, OPTIONS.answer_after_ms);
  else answer();
  return undefined;
}

const tls = OPTIONS.tls_key ? { key: fs.readFileSync(OPTIONS.tls_key), cert: fs.readFileSync(OPTIONS.tls_cert) } : {};
const server = smpp.createServer(tls, (session) => {
  const number = ++lastSession;
  sessions.set(number, session);
  session.on('error', (error) => { say('error', { session: number, message: String(error.message) }); session.destroy(); });
  session.on('close', () => { sessions.delete(number); say('closed', { session: number }); });
  for (const kind of ['bind_transmitter', 'bind_receiver', 'bind_transceiver']) bind(number, session, kind);
  session.on('enquire_link', (pdu) => { session.send(pdu.response()); say('enquire_link', { session: number }); });
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); say('unbind', { session: number }); });
  session.on('unknown', (pdu) => say('unknown', { session: number, command_id: pdu.command_id }));
  session.on('generic_nack', (pdu) => say('generic_nack', { session: number, command_status: pdu.command_status, sequence_number: pdu.sequence_number }));
  session.on('submit_sm', (pdu) => submitted(number, session, pdu));
});

const COMMANDS = {
  set: (line) => Object.assign(OPTIONS, line.options),
  deliver: (line) => deliver(line.pdu, line.tag, line.session),
  raw: (line) => {                        // octets as they are, in pieces of `piece` octets
    const session = receiver(line.session), octets = Buffer.from(line.hex, 'hex');
    const piece = line.piece || octets.length;
    session.socket.setNoDelay(true);
    const next = (at) => { if (at < octets.length) session.socket.write(octets.subarray(at, at + piece), () => setImmediate(next, at + piece)); };
    next(0);
  },
  unbind: () => { for (const [number, session] of sessions) session.unbind(() => { say('unbind_answered', { session: number }); session.close(); }); },
  cut: () => { for (const session of sessions.values()) session.destroy(); },
  pause: () => { for (const session of sessions.values()) { session.pause(); session.socket.removeAllListeners('readable'); session.socket.pause(); } },
  answer: () => { for (const one of held.splice(0)) one(); },
  count: () => say('count', { submits }),
};
readline.createInterface({ input: process.stdin }).on('line', (text) => {
  const line = JSON.parse(text);
  COMMANDS[line.do](line);
  if (line.tag !== undefined && line.do !== 'deliver') say('done', { tag: line.tag });
}).on('close', () => process.exit(0));
server.on('tlsClientError', (error) => say('tls_error', { message: String(error.message) }));
server.listen(OPTIONS.port || 0, '127.0.0.1', () => say('listening', { port: server.address().port }));
