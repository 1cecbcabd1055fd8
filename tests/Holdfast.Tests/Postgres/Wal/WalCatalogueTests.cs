using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Restic;
using Holdfast.Restic.Backends;
using Holdfast.Testing;
using NpgsqlTypes;
using Xunit;

namespace Holdfast.Tests.Postgres.Wal;

public sealed class WalCatalogueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Segments_of_recovery_points_and_of_wal_snapshots_are_told_together()
    {
        await using var rig = await WalRig.MakeAsync();
        await rig.StorePointAsync(WalRig.Segment(WalRig.Name(1, 1)), WalRig.Segment(WalRig.Name(1, 2)));
        using var before = await rig.ReadAsync();
        Assert.Equal(new WalIdentity(WalRig.System, WalRig.Size), before.Identity);
        await rig.StoreAsync(WalRig.Segment(WalRig.Name(1, 3)), WalRig.Segment(WalRig.Name(1, 5)), WalRig.Segment(WalRig.Name(2, 5)));
        await before.RefreshAsync(Token);
        Assert.Equal(["000000010000000000000001 to 000000010000000000000003", "000000010000000000000005", "000000020000000000000005"], before.Ranges.Select(range => range.ToString()));
        Assert.Equal("000000020000000000000005", before.Newest?.Name);
        Assert.Null(await before.OpenAsync(WalRig.Name(1, 4), Token));
    }

    [Fact]
    public async Task Wal_of_another_platform_or_cluster_is_none_of_ours()
    {
        await using var rig = await WalRig.MakeAsync();
        await rig.StoreAsync(WalRig.Segment(WalRig.Name(1, 1)));
        using var platform = await WalCatalogue.ReadAsync(rig.Repository, "other", "main", Token);
        using var cluster = await WalCatalogue.ReadAsync(rig.Repository, "shop", "other", Token);
        Assert.Empty(platform.Files);
        Assert.Empty(cluster.Files);
        Assert.Null(cluster.Identity);
    }

    [Fact]
    public async Task Snapshots_that_are_gone_take_their_segments_with_them()
    {
        await using var rig = await WalRig.MakeAsync();
        await rig.StoreAsync(WalRig.Segment(WalRig.Name(1, 1)));
        await rig.StoreAsync(WalRig.Segment(WalRig.Name(1, 2)));
        using var seen = await rig.ReadAsync();
        await rig.Repository.ForgetAsync((await rig.Repository.ListSnapshotsAsync(Token))[0].Id, Token);
        await seen.RefreshAsync(Token);
        Assert.False(seen.Has(WalRig.Name(1, 1)));
        Assert.True(seen.Has(WalRig.Name(1, 2)));
    }

    [Fact]
    public async Task Many_small_snapshots_are_read_without_a_tree_and_refreshed_without_reading_them_again()
    {
        await using var rig = await WalRig.MakeAsync();
        for (var number = 1UL; number <= 50; number++) await rig.StoreAsync(WalRig.Segment(WalRig.Name(1, number)));
        var reads = new List<FileKind>();
        var watched = new FaultyBackend(rig.Backend) { Before = (call, kind, _) => { if (call == BackendCalls.Read) lock (reads) reads.Add(kind); } };
        await using var repository = await Repository.OpenAsync(watched, "x", cancellation: Token);
        using var seen = await WalCatalogue.ReadAsync(repository, "shop", "main", Token);
        Assert.Equal(50, Assert.Single(seen.Ranges).Count);
        Assert.DoesNotContain(FileKind.Pack, reads);
        reads.Clear();
        await rig.StoreAsync(WalRig.Segment(WalRig.Name(1, 51)));
        await seen.RefreshAsync(Token);
        Assert.Equal(51, Assert.Single(seen.Ranges).Count);
        Assert.Equal([FileKind.Snapshot], reads);
    }

    [Fact]
    public void Replay_reaches_to_the_first_segment_that_is_missing_and_the_gap_is_named()
    {
        var reach = WalReach.Of(Segments("1:1-9", "1:12-20"), new TimelineHistory(1, []), Start(3), WalRig.Size);
        Assert.Equal((Start(10), WalRig.Name(1, 9)), (reach.End, reach.Last?.Name));
        Assert.Equal("00000001000000000000000A to 00000001000000000000000B (2 segments)", reach.Gap?.ToString());
        var whole = WalReach.Of(Segments("1:1-9"), new TimelineHistory(1, []), Start(3), WalRig.Size);
        Assert.Null(whole.Gap);
        Assert.Equal(Start(10), whole.End);
        var none = WalReach.Of(Segments("1:5-9"), new TimelineHistory(1, []), Start(3), WalRig.Size);
        Assert.Null(none.Last);
        Assert.Equal(Start(3), none.End);
        Assert.Equal(2, none.Gap?.Count);
    }

    [Fact]
    public void Replay_follows_a_timeline_across_its_switch()
    {
        var history = new TimelineHistory(2, [new TimelineSwitch(1, new NpgsqlLogSequenceNumber((ulong)Start(5) + 100))]);
        // The old server went on after the switch: its segments from 5 on are not ours.
        var reach = WalReach.Of(Segments("1:1-9", "2:5-7"), history, Start(3), WalRig.Size);
        Assert.Equal((Start(8), WalRig.Name(2, 7)), (reach.End, reach.Last?.Name));
        Assert.Null(reach.Gap);
        var lost = WalReach.Of(Segments("1:1-9", "2:6-7"), history, Start(3), WalRig.Size);
        Assert.Equal(history.Ancestors[0].Address, lost.End);
        Assert.Equal(WalRig.Name(2, 5), lost.Gap?.First.Name);
        // The beginning of the old server's own segment is all that there is of it.
        Assert.Equal((WalRig.Name(1, 5), true), (lost.Last?.Name, lost.IsCut));
        Assert.Same(history, WalReach.Newest([history, new TimelineHistory(3, [new TimelineSwitch(1, Start(2))])], 1, Start(3)));
    }

    [Fact]
    public void Histories_are_read_as_the_server_reads_them()
    {
        var history = TimelineHistory.Parse(3, "# a comment\n1\t0/A000028\tno recovery target specified\n\n2\t1/F0000000\tbefore 2000-01-01\n")!;
        Assert.Equal([(1u, "0/A000028"), (2u, "1/F0000000")], history.Ancestors.Select(ancestor => (ancestor.Timeline, ancestor.Address.ToString())));
        Assert.Equal(1u, history.TimelineAt(NpgsqlLogSequenceNumber.Parse("0/A000027")));
        Assert.Equal(2u, history.TimelineAt(NpgsqlLogSequenceNumber.Parse("0/A000028")));
        Assert.Equal(3u, history.TimelineAt(NpgsqlLogSequenceNumber.Parse("1/F0000000")));
        // The fourth was left before it began: it was followed, and the replay ended before its branch.
        var back = TimelineHistory.Parse(5, "1\t0/10AF110\tx\n4\t0/DEDCC8\ty\n")!;
        Assert.Equal([1u, 5u, 5u], new[] { "0/DEDCC7", "0/DEDCC8", "0/10AF110" }.Select(address => back.TimelineAt(NpgsqlLogSequenceNumber.Parse(address))));
        Assert.True(back.Continues(1, NpgsqlLogSequenceNumber.Parse("0/DEDCC8")));
        Assert.False(back.Continues(1, NpgsqlLogSequenceNumber.Parse("0/DEDCC9")));
        Assert.False(back.Continues(4, NpgsqlLogSequenceNumber.Parse("0/DEDCC8")));
        Assert.Equal(NpgsqlLogSequenceNumber.Parse("0/DEDCC8"), back.PartsFrom(new TimelineHistory(1, [])));
        Assert.Null(TimelineHistory.Parse(3, "2\t0/1\tx\n1\t0/2\ty\n"));
        Assert.Null(TimelineHistory.Parse(1, "1\t0/1\tx\n"));
        Assert.Null(TimelineHistory.Parse(2, "<html>"));
    }

    private static NpgsqlLogSequenceNumber Start(ulong number) => new(number * WalRig.Size);

    private static HashSet<WalSegment> Segments(params string[] ranges) =>
    [
        .. from range in ranges
           let parts = range.Split(':', '-')
           from number in Enumerable.Range(int.Parse(parts[1]), int.Parse(parts[2]) - int.Parse(parts[1]) + 1)
           select WalSegment.Of(uint.Parse(parts[0]), (ulong)number, WalRig.Size),
    ];
}
