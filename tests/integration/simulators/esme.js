// An ESME on npm's `smpp`, whose codec is not ours:
//
//   node esme.js PORT
//
// Binds, submits one text that needs several parts, waits for their receipts and one reply, unbinds,
// and prints what it saw as one JSON object.
'use strict';
const smpp = require('smpp');

const seen = { bind: null, ids: [], receipts: [], replies: [] };
const session = smpp.connect({ url: 'smpp://127.0.0.1:' + process.argv[2], auto_enquire_link_period: 100 });
const parts = ['first part ', 'second part'];

session.on('error', (error) => { console.error(error); process.exit(1); });
session.on('connect', () => {
  session.bind_transceiver({ system_id: 'node', password: 'secret' }, (pdu) => {
    seen.bind = { status: pdu.command_status, system_id: pdu.system_id, version: pdu.sc_interface_version };
    parts.forEach((text, index) => session.submit_sm({
      source_addr: '4930123456', destination_addr: '491700000001', registered_delivery: 1, esm_class: 0x40,
      short_message: { udh: Buffer.from([5, 0, 3, 7, parts.length, index + 1]), message: text },
    }, (answer) => seen.ids.push(answer.message_id)));
  });
});
session.on('deliver_sm', (pdu) => {
  session.send(pdu.response());
  if (pdu.esm_class & 4) {
    seen.receipts.push({ id: pdu.receipted_message_id, state: pdu.message_state, text: pdu.short_message.message });
  } else {
    seen.replies.push({ from: pdu.source_addr, text: pdu.short_message.message });
  }
  if (seen.receipts.length === 2 && seen.replies.length === 1) {
    session.unbind(() => {
      console.log(JSON.stringify(seen));
      process.exit(0);
    });
  }
});
