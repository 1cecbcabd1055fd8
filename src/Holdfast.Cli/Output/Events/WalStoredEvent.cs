using Holdfast.Cli.Text;
using Holdfast.Components.Postgres.Wal;

namespace Holdfast.Cli.Output.Events;

/// <summary>A batch of WAL is durable in the repository.</summary>
internal sealed record WalStoredEvent(string Cluster, int Files, string Newest, double Seconds) : OutputEvent
{
    internal override bool IsAnswer => false;

    public static WalStoredEvent Of(WalNotice notice) => new(notice.Cluster, notice.Files, notice.Newest, notice.Took.TotalSeconds);

    public override IEnumerable<string> Lines(Style style) => [$"{Printable.Text(Cluster)}: stored {Amounts.Count(Files, "file")} to {Newest} in {Amounts.Duration(TimeSpan.FromSeconds(Seconds))}"];
}
