namespace Holdfast.Cli.Setup;

/// <summary>A running PostgreSQL cluster.</summary>
/// <param name="Folder">Its data directory.</param>
/// <param name="Socket">The directory of its Unix socket.</param>
/// <param name="Port">Its port, which is part of the socket's name.</param>
/// <param name="Owner">The system user that it runs as.</param>
/// <param name="Unit">The unit that runs it; null where none does.</param>
internal sealed record FoundCluster(string Folder, string Socket, int Port, string Owner, string? Unit);

/// <summary>A running Redis server.</summary>
/// <param name="Connection">Its connection, as YAML in one line.</param>
/// <param name="Queues">Celery's queues in it, by database; empty when Celery does not use it.</param>
/// <param name="Trouble">Why it could not be queried; null when it was.</param>
internal sealed record FoundBroker(string Connection, IReadOnlyList<(int Database, IReadOnlyList<string> Queues)> Queues, string? Trouble)
{
    /// <summary>Its address for display, without the password.</summary>
    public string Place { get; init; } = "";
}

/// <summary>A running node of Elasticsearch or OpenSearch.</summary>
/// <param name="Name">"elasticsearch" or "opensearch".</param>
/// <param name="Url">Where it listens.</param>
/// <param name="Configuration">The path of its configuration; null when it is not known.</param>
/// <param name="Location">A directory of its path.repo; null when it has none.</param>
/// <param name="Unit">The unit that runs it; null where none does.</param>
internal sealed record FoundEngine(string Name, string Url, string? Configuration, string? Location, string? Unit);

/// <summary>An object that was found and is not in the profile, or only partly.</summary>
/// <param name="What">The object, with its location.</param>
/// <param name="Why">The reason, and what to do: a part of a sentence.</param>
internal sealed record FoundOther(string What, string Why);

/// <summary>What <c>holdfast setup</c> has found on a machine; lists are sorted, and empty where there is nothing.</summary>
internal sealed record FoundPlatform
{
    /// <summary>Units that take work in: they are stopped first.</summary>
    public IReadOnlyList<string> Front { get; init; } = [];

    /// <summary>The units of Celery's workers.</summary>
    public IReadOnlyList<string> Workers { get; init; } = [];

    /// <summary>Units that hold data.</summary>
    public IReadOnlyList<string> Stores { get; init; } = [];

    /// <summary>Services that run and are taken for the system's own.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];

    /// <summary>What was found but left out of the profile, with the reason.</summary>
    public IReadOnlyList<FoundOther> Others { get; init; } = [];

    /// <summary>The kinds of objects that were searched for and not found, in words.</summary>
    public IReadOnlyList<string> NotFound { get; init; } = [];

    public IReadOnlyList<FoundCluster> Clusters { get; init; } = [];

    public IReadOnlyList<FoundBroker> Brokers { get; init; } = [];

    public IReadOnlyList<FoundEngine> Engines { get; init; } = [];

    /// <summary>Paths of files and folders, by the name of their group.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Files { get; init; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    /// <summary>Whether nginx is running.</summary>
    public bool HasNginx { get; init; }

    /// <summary>Units of the platform that the profile for EclecticIQ describes are here.</summary>
    public bool IsEclecticIq { get; init; }
}
