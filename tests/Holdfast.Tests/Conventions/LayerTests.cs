using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>The layers of ARCHITECTURE.md, as the compiler has written them down.</summary>
public sealed class LayerTests
{
    /// <summary>Inside the format: a room uses those with a smaller number, and itself.</summary>
    private static readonly Dictionary<string, int> Format = new(StringComparer.Ordinal)
    {
        ["Holdfast.Restic.Backends"] = 1,
        ["Holdfast.Restic.Chunking"] = 1,
        ["Holdfast.Restic.Crypto"] = 1,
        ["Holdfast.Restic.Filtering"] = 1,
        ["Holdfast.Restic.Keys"] = 2,
        ["Holdfast.Restic.Posix"] = 0,
        ["Holdfast.Restic.Packs"] = 2,
        ["Holdfast.Restic.Indexing"] = 3,
        ["Holdfast.Restic.Snapshots"] = 4,
        ["Holdfast.Restic.Archiving"] = 5,
        ["Holdfast.Restic.Restoring"] = 5,
        ["Holdfast.Restic.Maintenance"] = 5,
    };

    [Fact]
    public void Inside_the_format_uses_point_down() =>
        Report.None(
            from use in CompiledCode.TypeUses
            where Format.ContainsKey(use.FromNamespace) && Format.ContainsKey(use.ToNamespace) && use.FromNamespace != use.ToNamespace
            where Format[use.ToNamespace] >= Format[use.FromNamespace]
            select $"{use.Place}: {use.FromNamespace} uses {use.ToNamespace}.{use.ToType}",
            "Move the type down, or hand it in from above.");

    [Fact]
    public void Every_room_of_the_format_has_its_layer() =>
        Report.None(
            CompiledCode.TypeUses.Select(use => use.FromNamespace).Distinct(StringComparer.Ordinal)
                .Where(room => room.StartsWith("Holdfast.Restic.", StringComparison.Ordinal) && !Format.ContainsKey(room)),
            "Give it a number here, and a line in ARCHITECTURE.md.");

    [Fact]
    public void Components_do_not_use_each_other() =>
        Report.None(
            from use in CompiledCode.TypeUses
            where IsComponent(use.FromNamespace) && IsComponent(use.ToNamespace) && Component(use.FromNamespace) != Component(use.ToNamespace)
            select $"{use.Place}: {use.FromNamespace} uses {use.ToNamespace}.{use.ToType}",
            "What two components need belongs to the engine.");

    [Theory]
    [InlineData("System.Diagnostics", "Process", "Holdfast.Engine.Hosts")]
    [InlineData("System.Diagnostics", "ProcessStartInfo", "Holdfast.Engine.Hosts")]
    [InlineData("System", "Console", "Holdfast.Cli")]
    public void Some_types_of_the_platform_have_one_door(string space, string type, string door) =>
        Report.None(
            from use in CompiledCode.TypeUses
            where use.ToNamespace == space && use.ToType == type
            where use.FromNamespace != door && !use.FromNamespace.StartsWith($"{door}.", StringComparison.Ordinal)
            select $"{use.Place}: {use.FromNamespace} uses {space}.{type}",
            $"Only {door} uses it.");

    [Fact]
    public void The_compiler_was_asked_about_real_code() =>
        Assert.Contains(CompiledCode.TypeUses, use => use is { FromNamespace: "Holdfast.Engine.Backup", ToNamespace: "Holdfast.Restic", ToType: "Repository" });

    /// <summary>A component may have rooms of its own: Files and Files.Certificates are one.</summary>
    private static string Component(string space) => space.Split('.')[2];

    private static bool IsComponent(string space) => space.StartsWith("Holdfast.Components.", StringComparison.Ordinal);
}
