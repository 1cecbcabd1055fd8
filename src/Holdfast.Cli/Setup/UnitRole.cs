using Holdfast.Components.Systemd;

namespace Holdfast.Cli.Setup;

/// <summary>The kind of a program in a platform.</summary>
internal enum ProgramKind
{
    Other,
    Postgres,
    Redis,
    Elasticsearch,
    OpenSearch,
    Nginx,
    CeleryWorker,

    /// <summary>A server of data that Holdfast does not capture.</summary>
    MySql,
    MongoDb,
    RabbitMq,
}

/// <summary>The role of a unit in a platform.</summary>
internal enum UnitRole
{
    /// <summary>The system's own, or another package's.</summary>
    LeftOut,

    /// <summary>Accepts or creates work.</summary>
    Front,

    /// <summary>Processes queues.</summary>
    Worker,

    /// <summary>Holds data that the backup reads from it.</summary>
    Store,
}

/// <summary>Classifies units and programs by their files and command lines.</summary>
internal static class UnitRoles
{
    private static readonly string[] _localFolders = ["/etc/systemd/system/", "/usr/local/lib/systemd/system/"];

    public static UnitRole RoleOf(RunningUnit unit) => KindOf(unit) switch
    {
        _ when unit.Name.StartsWith("holdfast", StringComparison.Ordinal) => UnitRole.LeftOut,
        ProgramKind.Postgres or ProgramKind.Redis or ProgramKind.Elasticsearch or ProgramKind.OpenSearch => UnitRole.Store,
        ProgramKind.CeleryWorker => UnitRole.Worker,
        ProgramKind.Nginx => UnitRole.Front,
        _ => IsLocal(unit) ? UnitRole.Front : UnitRole.LeftOut,
    };

    /// <summary>Whether the unit file was written for this machine, not installed by a package.</summary>
    public static bool IsLocal(RunningUnit unit) => _localFolders.Any(folder => unit.File.StartsWith(folder, StringComparison.Ordinal));

    public static ProgramKind KindOf(RunningUnit unit) => unit.Process is { } process ? KindOf(process) : ProgramKind.Other;

    public static ProgramKind KindOf(ProcessEntry process) => Path.GetFileName(process.Program) switch
    {
        "postgres" or "postmaster" => ProgramKind.Postgres,
        // Debian's redis-server is a link to redis-check-rdb.
        "redis-server" or "redis-check-rdb" or "valkey-server" or "valkey-check-rdb" => ProgramKind.Redis,
        "nginx" => ProgramKind.Nginx,
        "mysqld" or "mariadbd" => ProgramKind.MySql,
        "mongod" or "mongos" => ProgramKind.MongoDb,
        // Erlang's machine runs other programs as well.
        "beam.smp" when process.Arguments.Any(word => word.Contains("rabbit", StringComparison.Ordinal)) => ProgramKind.RabbitMq,
        "java" when Names(process, "org.opensearch.") => ProgramKind.OpenSearch,
        "java" when Names(process, "org.elasticsearch.") => ProgramKind.Elasticsearch,
        _ => IsWorker(process.Arguments) ? ProgramKind.CeleryWorker : ProgramKind.Other,
    };

    private static bool Names(ProcessEntry process, string package) => process.Arguments.Any(word => word.StartsWith(package, StringComparison.Ordinal));

    /// <summary>"python3 -m celery -A shop worker", "/opt/shop/bin/celery worker".</summary>
    private static bool IsWorker(IReadOnlyList<string> words)
    {
        var celery = words.TakeWhile(word => Path.GetFileName(word) is not "celery").Count();
        return words.Skip(celery + 1).Contains("worker", StringComparer.Ordinal);
    }
}
