using System.Text.Json.Nodes;
using Holdfast.Components.Queues.Brokers;
using Holdfast.Components.Queues.Capture;
using Holdfast.Components.Queues.Restore;
using Holdfast.Engine.Checking;
using Holdfast.Engine.Components;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Points;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Components.Queues;

/// <summary>The queues of a Celery broker on Redis, and plain lists beside them. docs/queues.md describes what is done with them.</summary>
public sealed class QueuesComponent : IComponent
{
    internal const string KindName = "queues";
    private readonly QueueUndos _undos;

    /// <summary>Reads its settings from one item of the profile's list "components: queues:".</summary>
    public QueuesComponent(ProfileNode node, ISecretReader secrets, TimeProvider clock)
        : this(QueuesSettings.Read(node), secrets, clock)
    {
    }

    internal QueuesComponent(QueuesSettings settings, ISecretReader secrets, TimeProvider clock)
    {
        Broker = new Broker(settings, secrets, clock);
        _undos = new QueueUndos(Broker);
    }

    public string Name => Broker.Component;

    public string Kind => KindName;

    public IReadOnlyList<IUndoHandler> UndoHandlers => _undos.Handlers;

    /// <summary>The broker's name in the profile.</summary>
    public string BrokerName => Broker.Settings.Name;

    /// <summary>The names of the queues and lists, in the order of the profile.</summary>
    public IReadOnlyList<string> Names => [.. Broker.Settings.Queues, .. Broker.Settings.Lists];

    /// <summary>Whether the profile means a queue or list of this name, by itself or by a pattern.</summary>
    public bool Knows(string name) => Broker.Reader.Knows(name);

    internal Broker Broker { get; }

    /// <summary>Finds out whether work waits or is done.</summary>
    public ICheckSource Check => new QueuesCheck(Broker);

    public async Task<IReadOnlyList<Problem>> ProbeAsync(CancellationToken cancellation)
    {
        try
        {
            var status = await Broker.ReadAsync(cancellation);
            return status.Workers.IsKnown ? [] : [Catalogue.QueueUnknown.With($"The workers of {BrokerName} are {status.Description}.")];
        }
        catch (ProblemException problem)
        {
            return [problem.Problem];
        }
    }

    public Task<CapturePlan> PlanCaptureAsync(CaptureSession session, CancellationToken cancellation) => new QueueCapture(Broker, session).PlanAsync(cancellation);

    IReadOnlyList<string>? IComponent.PartsOf(ComponentRecord record) => PartsOf(record);

    /// <summary>The queues and lists that a recovery point holds.</summary>
    public static IReadOnlyList<string> PartsOf(ComponentRecord record) =>
        [.. ((record.Details as JsonObject)?["queues"] as JsonArray ?? []).Select(queue => (queue as JsonObject)?["queue"]?.ToString()).OfType<string>()];

    public Task<IReadOnlyList<Step>> PlanRestoreAsync(RestoreSession session, CancellationToken cancellation) => new QueueRestore(Broker, _undos).PlanAsync(session, cancellation);

    /// <summary>Reads the status of the queues and the workers.</summary>
    public Task<BrokerStatus> ReadAsync(CancellationToken cancellation) => Broker.ReadAsync(cancellation);

    /// <summary>
    /// Waits until no message is waiting and no worker is active, and passes each status to <paramref name="seen"/>.
    /// </summary>
    public Task<IdleOutcome> WaitAsync(TimeSpan timeout, Action<BrokerStatus> seen, CancellationToken cancellation) =>
        Broker.Watch.WaitAsync(timeout, TimeSpan.MaxValue, isHopeful: true, seen, cancellation);

    /// <summary>The steps that add the messages of an archive, or of a recovery point, to what the queues have; once.</summary>
    /// <param name="repository">Opened.</param>
    /// <param name="snapshot">Which has them.</param>
    /// <param name="only">Names of queues; nothing means all that it has.</param>
    /// <param name="again">Even when it was done before: what was worked off since is done twice.</param>
    /// <param name="cancellation">Planning asks Redis, and changes nothing.</param>
    public Task<IReadOnlyList<Step>> PlanPutBackAsync(Repository repository, Snapshot snapshot, IReadOnlyList<string> only, bool again, CancellationToken cancellation) =>
        new QueueRestore(Broker, _undos).PlanAsync(repository, snapshot, again ? PutBackMode.AddAgain : PutBackMode.Add, queue => only.Count == 0 || only.Contains(queue.Name, StringComparer.Ordinal), cancellation);

    /// <summary>The step that deletes messages without keeping them anywhere.</summary>
    public Task<Step> PlanDeleteAsync(IReadOnlyList<string> only, CancellationToken cancellation) => new QueueDeletion(Broker, only).PlanAsync(cancellation);

    internal QueueUndos Undos => _undos;
}
