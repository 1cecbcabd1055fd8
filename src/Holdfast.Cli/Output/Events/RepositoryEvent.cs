using Holdfast.Cli.Text;
using Holdfast.Restic;
using Holdfast.Restic.Maintenance;

namespace Holdfast.Cli.Output.Events;

/// <summary>A repository was made, or was there already.</summary>
internal sealed record RepositoryEvent(string Location, string Id, int Version, bool Created) : OutputEvent
{
    public override IEnumerable<string> Lines(Style style)
    {
        var what = Created ? "Made repository" : "Found repository";
        return [$"{what} {style.Bold(Id[..8])} at {Printable.Name(Location)} (restic format {Version})."];
    }
}

/// <summary>A lock of the repository that was removed.</summary>
internal sealed record LockEvent(string Id, bool Exclusive, string Hostname, string Username, int Pid, bool Stale) : OutputEvent
{
    public static LockEvent Of(LockInfo info) => new(info.Id.ToString(), info.Exclusive, info.Hostname, info.Username, info.Pid, info.Stale);

    public override IEnumerable<string> Lines(Style style) => Hostname.Length == 0
        ? [$"Removed lock {Id[..8]}, which could not be read."]
        : [$"Removed {(Exclusive ? "exclusive" : "shared")} lock {Id[..8]} of {Printable.Text(Username)} on {Printable.Text(Hostname)} (process {Pid}{(Stale ? ", stale" : "")})."];
}

/// <summary>The size of the repository, in numbers and bytes.</summary>
internal sealed record StatisticsEvent(int Snapshots, int Packs, long PackBytes, long DataBlobs, long TreeBlobs, long BlobBytes, long StoredBytes) : OutputEvent
{
    public static StatisticsEvent Of(RepositoryStatistics weighed) => new(
        weighed.Snapshots, weighed.Packs, weighed.PackBytes, weighed.DataBlobs, weighed.TreeBlobs, weighed.BlobBytes, weighed.StoredBytes);

    public override IEnumerable<string> Lines(Style style)
    {
        yield return $"snapshots      {Snapshots:N0}";
        yield return $"blobs          {DataBlobs:N0} data, {TreeBlobs:N0} tree, {Amounts.Bytes(BlobBytes)} before compression";
        yield return $"packs          {Packs:N0}, {Amounts.Bytes(PackBytes)}";
        yield return $"all files      {Amounts.Bytes(StoredBytes)}";
        if (PackBytes > 0) yield return $"compression    {(double)BlobBytes / PackBytes:0.00} to 1";
    }
}
