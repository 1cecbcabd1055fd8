using System.Text;
using Holdfast.Components.Search.Bulk;
using Holdfast.Components.Search.Syncing;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.Tests.Search;

/// <summary>Ids and versions that do not fit into memory.</summary>
public sealed class VersionSpillTests
{
    [Fact]
    public void What_is_added_comes_back_in_the_same_part_on_both_sides_and_leaves_no_file()
    {
        using var folder = new TempFolder();
        using var one = new VersionSpill(folder["spill"], "one", 7);
        using var other = new VersionSpill(folder["spill"], "other", 7);
        for (var i = 0; i < 5000; i++)
        {
            one.Add(Encoding.UTF8.GetBytes($"id-{i}-ü"), Encoding.UTF8.GetBytes($"{i * 3L}"), new SeenDocument(i, 2));
            other.Add(Encoding.UTF8.GetBytes($"id-{4999 - i}-ü"), ""u8, default);
        }
        Assert.Empty(Directory.GetFiles(folder["spill"]));
        Assert.Equal((5000, 5000), (one.Count, other.Count));
        for (var part = 0; part < 7; part++)
        {
            var read = one.Read(part).ToList();
            Assert.InRange(read.Count, 500, 1000);
            Assert.Equal(read.Select(document => document.Id).Order(StringComparer.Ordinal), other.Read(part).Select(document => document.Id).Order(StringComparer.Ordinal));
            Each.Holds(read, document => Assert.Equal(($"id-{document.Seen.Sequence}-ü", $"{document.Seen.Sequence * 3}", 2), (document.Id, document.Version, document.Seen.Term)));
        }
    }
}
