using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>The layers of ARCHITECTURE.md, as the compiler has written them down.</summary>
public sealed class LayerTests
{
    /// <summary>
    /// The rooms of the code, lowest first: a room uses itself and those before it. Rooms of different components
    /// never use each other, whatever their order.
    /// </summary>
    private static readonly string[] _rooms =
    [
        "Holdfast.Restic.Posix",
        "Holdfast.Restic.Chunking",
        "Holdfast.Restic.Crypto",
        "Holdfast.Restic.Filtering",
        "Holdfast.Restic.Backends",
        "Holdfast.Restic.S3",
        "Holdfast.Restic.Sftp",
        "Holdfast.Restic.Keys",
        "Holdfast.Restic.Packs",
        "Holdfast.Restic.Indexing",
        "Holdfast.Restic.Snapshots",
        "Holdfast.Restic.Archiving",
        "Holdfast.Restic.Restoring",
        "Holdfast.Restic.Maintenance",
        "Holdfast.Restic.Copying",
        "Holdfast.Engine.Quantities",
        "Holdfast.Engine.Problems",
        "Holdfast.Engine.Hosts",
        "Holdfast.Engine.Remotes",
        "Holdfast.Engine.Profiles",
        "Holdfast.Engine.Documents",
        "Holdfast.Engine.Web",
        "Holdfast.Engine.Serving",
        "Holdfast.Engine.Planning",
        "Holdfast.Engine.Points",
        "Holdfast.Engine.Retention",
        "Holdfast.Engine.Journals",
        "Holdfast.Engine.Execution",
        "Holdfast.Engine.Components",
        "Holdfast.Engine.Backup",
        "Holdfast.Engine.Restore",
        "Holdfast.Engine.Checking",
        "Holdfast.Engine.Copies",
        "Holdfast.Components.Files.Paths",
        "Holdfast.Components.Files.Certificates",
        "Holdfast.Components.Files",
        "Holdfast.Components.Files",
        "Holdfast.Components.Postgres.Format",
        "Holdfast.Components.Postgres.Scripts",
        "Holdfast.Components.Postgres.DataDirectory",
        "Holdfast.Components.Postgres.Points",
        "Holdfast.Components.Postgres.Connection",
        "Holdfast.Components.Postgres.Checks",
        "Holdfast.Components.Postgres.Documents",
        "Holdfast.Components.Postgres.Wal",
        "Holdfast.Components.Postgres.ArchiveSetup",
        "Holdfast.Components.Postgres.WalReceive",
        "Holdfast.Components.Postgres.Retention",
        "Holdfast.Components.Postgres.LogicalDump",
        "Holdfast.Components.Postgres.LogicalRestore",
        "Holdfast.Components.Postgres.BaseBackup",
        "Holdfast.Components.Postgres.Recovery",
        "Holdfast.Components.Postgres",
        "Holdfast.Components.Queues.Redis",
        "Holdfast.Components.Queues.Brokers",
        "Holdfast.Components.Queues.Archives",
        "Holdfast.Components.Queues.Capture",
        "Holdfast.Components.Queues.Restore",
        "Holdfast.Components.Queues",
        "Holdfast.Components.Search.Api",
        "Holdfast.Components.Search.MoveAside",
        "Holdfast.Components.Search.Preparing",
        "Holdfast.Components.Search.Definitions",
        "Holdfast.Components.Search.Bulk",
        "Holdfast.Components.Search.Snapshots",
        "Holdfast.Components.Search.Syncing",
        "Holdfast.Components.Search.Building",
        "Holdfast.Components.Search.Migrating",
        "Holdfast.Components.Search",
        "Holdfast.Components.Systemd",
        "Holdfast.Cli.Text",
        "Holdfast.Cli.Output.Events",
        "Holdfast.Cli.Output",
        "Holdfast.Cli.Sessions",
        "Holdfast.Cli.Setup",
        "Holdfast.Cli.Manual",
        "Holdfast.Cli.Commands",
        "Holdfast.Cli",
    ];

    private const int MostFiles = 30;

    /// <summary>Of one kind each: a file a verb, an event, a kind of unit, a part of restoring files.</summary>
    private static readonly string[] _largeRooms =
    [
        "src/Holdfast.Cli/Commands", "src/Holdfast.Cli/Output/Events", "src/Holdfast.Components/Systemd",
        "src/Holdfast.Restic/Restoring",
    ];

    /// <summary>What every room of the library may use and what uses them: the repository, identifiers, errors.</summary>
    private const string Library = "Holdfast.Restic";

    [Fact]
    public void Uses_point_down() =>
        Report.None(
            from use in CompiledCode.TypeUses
            let user = Array.IndexOf(_rooms, use.FromNamespace)
            let used = Array.IndexOf(_rooms, use.ToNamespace)
            where user >= 0 && used > user
            select $"{use.Place}: {use.FromNamespace} uses {use.ToNamespace}.{use.ToType}",
            "Move the type down, or hand it in from above.");

    [Fact]
    public void Every_room_has_its_layer() =>
        Report.None(
            CompiledCode.TypeUses.Select(use => use.FromNamespace).Distinct(StringComparer.Ordinal)
                .Where(room => room.StartsWith("Holdfast.", StringComparison.Ordinal) && room != Library && !_rooms.Contains(room)),
            "Give it a place in the order here, and a line in ARCHITECTURE.md.");

    [Fact]
    public void A_room_is_small_enough_to_be_looked_through() =>
        Report.None(
            from file in SourceFiles.Shipped
            group file by Path.GetDirectoryName(file.Path)! into room
            where room.Count() > MostFiles && !_largeRooms.Contains(room.Key)
            select $"{room.Key} has {room.Count()} files, more than {MostFiles}",
            "Cut it by subject.");

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
        Assert.Contains(CompiledCode.TypeUses, use => use is { FromNamespace: "Holdfast.Engine.Execution", ToNamespace: "Holdfast.Restic", ToType: "Repository" });

    /// <summary>A component may have rooms of its own: Files and Files.Certificates are one.</summary>
    private static string Component(string space) => space.Split('.')[2];

    private static bool IsComponent(string space) => space.StartsWith("Holdfast.Components.", StringComparison.Ordinal);
}
