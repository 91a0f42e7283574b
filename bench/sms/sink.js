// An SMSC on npm's `smpp` server that answers every submit_sm at once and notes when it came.
//   node sink.js FILE
// Prints "listening PORT". FILE gets a 16-byte little-endian record a submit_sm: u32 number (the first
// 8 digits of its text; 0xffffffff if there are none), u32 session, u64 CLOCK_MONOTONIC nanoseconds.
const fs = require('fs');
const smpp = require('smpp');

const RECORD = 16;
const file = fs.openSync(process.argv[2], 'w');
const buffer = Buffer.alloc(RECORD * 65536);
let used = 0, sessions = 0, messages = 0;

function flush() {
  if (used) fs.writeSync(file, buffer, 0, used);
  used = 0;
}

function note(session, text) {
  const number = parseInt(text.slice(0, 8), 10);
  if (used === buffer.length) flush();
  buffer.writeUInt32LE(Number.isNaN(number) ? 0xffffffff : number, used);
  buffer.writeUInt32LE(session, used + 4);
  buffer.writeBigUInt64LE(process.hrtime.bigint(), used + 8);
  used += RECORD;
}

const server = smpp.createServer((session) => {
  const me = ++sessions;
  session.on('error', () => session.destroy());
  for (const bind of ['bind_transceiver', 'bind_receiver', 'bind_transmitter']) {
    session.on(bind, (pdu) => session.send(pdu.response({ system_id: 'sink' })));
  }
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', (pdu) => {
    const text = pdu.short_message && pdu.short_message.message;
    note(me, Buffer.isBuffer(text) ? text.toString('latin1') : String(text || ''));
    session.send(pdu.response({ message_id: (++messages).toString(16).padStart(8, '0') }));
  });
});

setInterval(flush, 50);
process.on('SIGTERM', () => { flush(); process.exit(0); });
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
