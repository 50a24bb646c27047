const RudderAnalytics = require("@rudderstack/rudder-sdk-node");
const [url, key, ...times] = process.argv.slice(2);
const client = new RudderAnalytics(key, { dataPlaneUrl: url, flushInterval: 100 });
const fail = (error) => { if (error) { console.error(error); process.exit(1); } };
client.identify({ userId: "ada", traits: { role: "admin" } });
client.group({ userId: "ada", groupId: "acme", traits: { name: "Acme" } });
for (const at of times) {
  client.track({
    userId: "ada", event: "Report Exported", properties: { rows: 7 }, context: { groupId: "acme" }, timestamp: new Date(at),
  });
}
client.flush(fail).then(() => process.exit(0), fail);
