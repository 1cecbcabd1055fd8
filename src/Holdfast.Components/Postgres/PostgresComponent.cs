using Holdfast.Components.Postgres.BaseBackup;
using Holdfast.Components.Postgres.Checks;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.DataDirectory;
using Holdfast.Components.Postgres.Documents;
using Holdfast.Components.Postgres.LogicalDump;
using Holdfast.Components.Postgres.LogicalRestore;
using Holdfast.Components.Postgres.Recovery;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Components;
using Holdfast.Engine.Documents;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Components.Postgres;

/// <summary>
/// A PostgreSQL cluster, captured by dumps of its databases or by its files. docs/decisions/0003-postgres-dump.md
/// explains the form of the dumps.
/// </summary>
public sealed class PostgresComponent : IComponent, IDocumentSource
{
    private readonly PostgresConnector _connector;
    private readonly PostgresUndos _undos;
    private readonly BaseUndos _baseUndos;
    private readonly FolderExchange _exchange;
    private readonly ServerUnit _unit;
    private readonly IHost _host;
    private readonly TimeProvider _clock;

    /// <summary>
    /// Reads the settings of the component from one item of the profile's list "components: postgres:".
    /// </summary>
    public PostgresComponent(ProfileNode node, ISecretReader secrets, IHost host, TimeProvider clock)
        : this(PostgresSettings.Read(node), secrets, host, clock)
    {
    }

    internal PostgresComponent(PostgresSettings settings, ISecretReader secrets, IHost host, TimeProvider clock)
    {
        _connector = new PostgresConnector(settings, secrets, host);
        _undos = new PostgresUndos(_connector);
        _baseUndos = new BaseUndos(settings.Name);
        _exchange = new FolderExchange(settings.Name);
        _unit = new ServerUnit(settings.Name, host);
        _host = host;
        _clock = clock;
    }

    public string Name => $"postgres/{_connector.Settings.Name}";

    public string Kind => "postgres";

    public string SourceName => _connector.Settings.Name;

    public IReadOnlyList<IUndoHandler> UndoHandlers => [.. _undos.Handlers, _baseUndos, _exchange, _unit];

    /// <summary>Options of a restore; tests set them for little WAL and another program.</summary>
    internal BaseRestoreOptions RestoreOptions { get; init; } = new();

    /// <summary>True when the server sends its files although they are on this machine; set by tests.</summary>
    internal bool Receives { get; init; }

    /// <summary>Checks whether any session reads or writes the platform's databases.</summary>
    public ICheckSource Check => new PostgresCheck(_connector, _clock);

    public Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation) => new PostgresProbe(_connector, _host).RunAsync(cancellation);

    public Task<CapturePlan> PlanCaptureAsync(CaptureSession session, CancellationToken cancellation) => _connector.Settings.Method switch
    {
        PostgresMethod.Base => BaseCapture.PlanAsync(_connector, session, _clock, Receives, cancellation),
        PostgresMethod.Cold => ColdCapture.PlanAsync(_connector, session, _clock, cancellation),
        _ => ClusterCapture.PlanAsync(_connector, _host, session, _clock, cancellation),
    };

    IReadOnlyList<string>? IComponent.PartsOf(ComponentRecord record) => PartsOf(record);

    /// <summary>
    /// Returns the databases of a dump; null for the files of a cluster, which are restored as a whole.
    /// </summary>
    public static IReadOnlyList<string>? PartsOf(ComponentRecord record) => ClusterRestore.DatabasesOf(record);

    /// <summary>
    /// Plans the restore by the contents of the recovery point, whatever method the profile names now.
    /// </summary>
    public Task<IReadOnlyList<Step>> PlanRestoreAsync(RestoreSession session, CancellationToken cancellation) => BaseRestore.IsOf(session, Name)
        ? BaseRestore.PlanAsync(_connector, _host, session, _baseUndos, _exchange, _unit, _clock, RestoreOptions, cancellation)
        : ClusterRestore.PlanAsync(_connector, session, _undos, _clock, cancellation);

    /// <summary>Runs a query in one of the platform's databases.</summary>
    /// <param name="database">The database; null for that of the connection.</param>
    /// <param name="sql">A statement that only reads.</param>
    /// <param name="cancellation">Cancels the query.</param>
    /// <exception cref="ProblemException">The server cannot be reached, or rejects the statement.</exception>
    public Task<PostgresTable> QueryAsync(string? database, string sql, CancellationToken cancellation) => new PlatformStatement(_connector, database).QueryAsync(sql, cancellation);

    /// <summary>Runs a statement in one of the platform's databases, as one transaction.</summary>
    /// <param name="database">The database; null for that of the connection.</param>
    /// <param name="sql">The statement; {ids} stands for a list of values, as in "id IN ({ids})".</param>
    /// <param name="ids">The values.</param>
    /// <param name="cancellation">Cancels the statement.</param>
    /// <exception cref="ProblemException">The server cannot be reached, or rejects the statement.</exception>
    public Task ExecuteAsync(string? database, string sql, IReadOnlyList<string> ids, CancellationToken cancellation) => new PlatformStatement(_connector, database).ExecuteAsync(sql, ids, cancellation);

    public async Task<IDocumentReading> OpenAsync(DocumentQuery query, CancellationToken cancellation) => await DocumentReading.OpenAsync(_connector, query, cancellation);
}
