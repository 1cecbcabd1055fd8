using Holdfast.Engine.Checking;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Engine.Running;
using Holdfast.Engine.Web;

namespace Holdfast.Components.Search;

/// <summary>A cluster of Elasticsearch or OpenSearch, captured and restored by snapshots of its own. docs/search.md describes how.</summary>
public sealed class SearchComponent : IComponent
{
    private readonly SearchSettings _settings;
    private readonly SearchServer _server;
    private readonly SearchUndos _undos;
    private readonly IHost _host;
    private readonly TimeProvider _clock;

    /// <summary>Reads its settings from one item of the profile's list "components: search:".</summary>
    public SearchComponent(ProfileNode node, ISecretReader secrets, IHost host, TimeProvider clock)
    {
        (_settings, _host, _clock) = (SearchSettings.Read(node), host, clock);
        _server = new SearchServer(new WebServer(_settings.Web, secrets));
        _undos = new SearchUndos(_settings, _server, clock);
        Check = new SearchCheck(node, secrets, clock);
    }

    public string Name => $"search/{_settings.Name}";

    public string Kind => "search";

    public IReadOnlyList<IUndoHandler> UndoHandlers => _undos.Handlers;

    /// <summary>Finds out whether anybody reads or writes it.</summary>
    public ICheckSource Check { get; }

    public async Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation)
    {
        try
        {
            await ServerDialect.AskAsync(_server, cancellation);
            var repository = new SnapshotRepository(_server, _settings.Repository, _clock);
            if (await repository.IsRegisteredAsync(cancellation)) await repository.VerifyAsync(cancellation);
            return [];
        }
        catch (ProblemException problem)
        {
            return [problem.Problem];
        }
    }

    public Task<CapturePlan> PlanCaptureAsync(CaptureSession session, CancellationToken cancellation) =>
        new SearchCapture(_settings, _server, _undos, session, _clock).PlanAsync(cancellation);

    public Task<IReadOnlyList<Step>> PlanRestoreAsync(RestoreSession session, CancellationToken cancellation) =>
        new SearchRestore(_settings, _server, _undos, _host, session, _clock).PlanAsync(cancellation);
}
