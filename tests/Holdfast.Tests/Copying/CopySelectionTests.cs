using Holdfast.Engine.Copies;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Retention;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;
using Xunit;

namespace Holdfast.Tests.Copying;

public sealed class CopySelectionTests
{
    private static readonly DateTimeOffset _first = new(2026, 3, 1, 3, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Without_rules_every_point_is_copied_with_its_WAL_and_messages_and_none_leaves_the_copy()
    {
        Snapshot[] source = [Point(1), Point(2), Other(3, "wal"), Other(4, "queues"), Foreign(5), Point(6, "another")];
        var selection = Select(new CopyRequest { Platform = "shop" }, source, [CopyOf(Point(0))]);
        Assert.Equal([1, 2, 3, 4], selection.Wanted.Select(Number));
        Assert.Empty(selection.Going);
        var noWal = new CopyRequest { Platform = "shop", Wal = false };
        Assert.Equal([1, 2, 4], Select(noWal, source, []).Wanted.Select(Number));
        Assert.Equal([1, 2, 3, 4, 5, 6], Select(new CopyRequest { Foreign = true }, source, []).Wanted.Select(Number));
        Assert.Equal([1, 2, 3, 4, 6], Select(new CopyRequest(), source, []).Wanted.Select(Number));
    }

    [Fact]
    public void What_the_rules_of_the_copy_would_not_keep_is_not_copied_and_what_they_keep_no_longer_goes()
    {
        var request = new CopyRequest { Platform = "shop", Keep = new KeepRules { Last = 2 } };
        Snapshot[] there = [CopyOf(Point(1)), CopyOf(Point(3)), CopyOf(Point(4))];
        var selection = Select(request, [Point(3), Point(4), Point(5)], there);
        Assert.Equal([4, 5], selection.Wanted.Select(Number));
        Assert.Equal([1, 3], selection.Going.Select(Number));
        Assert.Empty(selection.Refusals);
    }

    [Fact]
    public void Points_that_only_the_copy_has_left_fill_their_places_in_its_rules()
    {
        var request = new CopyRequest { Platform = "shop", Keep = new KeepRules { Last = 1, Yearly = 2 } };
        var (old, recent) = (CopyOf(At(Point(1), _first.AddYears(-1))), CopyOf(At(Point(2), _first.AddYears(-2))));
        var selection = Select(request, [Point(8), Point(9)], [old, recent]);
        Assert.Equal([9], selection.Wanted.Select(Number));
        Assert.Equal([2], selection.Going.Select(Number));
    }

    [Fact]
    public void Pins_hold_in_the_copy_too_and_one_that_fits_nothing_keeps_all()
    {
        var pinned = CopyOf(Point(1));
        var pin = new Pin(pinned.Original!.Value.ToString()[..10], "before the migration", null);
        var request = new CopyRequest { Platform = "shop", Keep = new KeepRules { Last = 1 }, Pins = [pin] };
        Assert.Empty(Select(request, [Point(5)], [pinned]).Going);
        var mistyped = request with { Pins = [pin with { Point = "ffffffff" }] };
        var selection = Select(mistyped, [Point(5)], [pinned]);
        Assert.Equal(Catalogue.RetentionPin.Code, Assert.Single(selection.Refusals).Code);
    }

    [Fact]
    public void Named_points_are_copied_whatever_the_rules_say()
    {
        var named = Point(2);
        var request = new CopyRequest { Platform = "shop", Keep = new KeepRules { Last = 1 } };
        request = request with { Points = new HashSet<Id> { named.Id } };
        var selection = Select(request, [Point(1), named, Point(3), Other(4, "wal")], [CopyOf(Point(0))]);
        Assert.Equal([2, 4], selection.Wanted.Select(Number));
        Assert.Empty(selection.Going);
    }

    private static CopySelection Select(CopyRequest request, Snapshot[] source, Snapshot[] copy) => CopySelection.Of(
        request, source, copy, Timestamp.FromDateTimeOffset(_first.AddDays(30)), TimeZoneInfo.Utc);

    private static Snapshot Point(int number, string platform = "shop") =>
        Make(number, "holdfast", $"platform={platform}");

    private static Snapshot Other(int number, string tag) => Make(number, tag, "platform=shop");

    private static Snapshot Foreign(int number) => Make(number, "nightly");

    private static Snapshot CopyOf(Snapshot point) =>
        point with { Id = Id.Hash([.. "copy"u8, (byte)point.Uid]), Original = point.Id };

    private static Snapshot At(Snapshot point, DateTimeOffset time) =>
        point with { Time = Timestamp.FromDateTimeOffset(time) };

    private static Snapshot Make(int number, params string[] tags) => new()
    {
        Id = Id.Hash([(byte)number]), Tree = Id.Hash("tree"u8),
        Time = Timestamp.FromDateTimeOffset(_first.AddDays(number)), Tags = tags, Uid = (uint)number,
    };

    private static int Number(Snapshot snapshot) => (int)snapshot.Uid;
}
