using Holdfast.Cli.Text;
using Holdfast.Restic;

namespace Holdfast.Cli.Output.Events;

/// <summary>A key of the repository. The list is shown as a table, so it has no lines.</summary>
internal sealed record KeyEvent(string Id, string Username, string Hostname, DateTimeOffset Created, bool Current) : OutputEvent
{
    public static KeyEvent Of(KeyInfo key) =>
        new(key.Id.ToString(), key.Username, key.Hostname, key.Created.ToDateTimeOffset(), key.Current);

    public static Table Table(IEnumerable<KeyEvent> keys)
    {
        var table = new Table("ID", "CREATED", "USER", "HOST", "");
        foreach (var key in keys)
        {
            var (user, host) = (Printable.Text(key.Username), Printable.Text(key.Hostname));
            table.Add(key.Id[..8], Amounts.Time(key.Created), user, host, key.Current ? "in use" : "");
        }
        return table;
    }
}
