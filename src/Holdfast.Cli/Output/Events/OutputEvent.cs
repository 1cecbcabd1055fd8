using System.Text.Json.Serialization;
using Holdfast.Cli.Text;

namespace Holdfast.Cli.Output.Events;

/// <summary>
/// An event that <c>holdfast</c> prints: one line of JSON with <c>--json</c>, or lines for people. The names of events
/// and their properties are an interface, described in docs/json-events.md.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "event")]
[JsonDerivedType(typeof(MessageEvent), "message")]
[JsonDerivedType(typeof(ProblemEvent), "problem")]
[JsonDerivedType(typeof(DocumentEvent), "document")]
[JsonDerivedType(typeof(ProfileEvent), "profile")]
[JsonDerivedType(typeof(PlanEvent), "plan")]
[JsonDerivedType(typeof(ProfileReachEvent), "profile_reach")]
[JsonDerivedType(typeof(RunStartedEvent), "run_started")]
[JsonDerivedType(typeof(StepStartedEvent), "step_started")]
[JsonDerivedType(typeof(StepProgressEvent), "step_progress")]
[JsonDerivedType(typeof(StepFinishedEvent), "step_finished")]
[JsonDerivedType(typeof(NoteEvent), "note")]
[JsonDerivedType(typeof(BackupFinishedEvent), "backup_finished")]
[JsonDerivedType(typeof(RestoreFinishedEvent), "restore_finished")]
[JsonDerivedType(typeof(RecoverFinishedEvent), "recover_finished")]
[JsonDerivedType(typeof(UnitEvent), "unit")]
[JsonDerivedType(typeof(StrayEvent), "stray")]
[JsonDerivedType(typeof(PidFileEvent), "pid_file")]
[JsonDerivedType(typeof(PlatformStatusEvent), "platform_status")]
[JsonDerivedType(typeof(PlatformStoppedEvent), "platform_stopped")]
[JsonDerivedType(typeof(PlatformStartedEvent), "platform_started")]
[JsonDerivedType(typeof(RunEntryEvent), "run")]
[JsonDerivedType(typeof(RepositoryEvent), "repository")]
[JsonDerivedType(typeof(PointEvent), "point")]
[JsonDerivedType(typeof(PointDetailsEvent), "point_details")]
[JsonDerivedType(typeof(PointDecisionEvent), "point_decision")]
[JsonDerivedType(typeof(WalRetentionEvent), "wal_retention")]
[JsonDerivedType(typeof(ForgetFinishedEvent), "forget_finished")]
[JsonDerivedType(typeof(SimulatedPointEvent), "simulated_point")]
[JsonDerivedType(typeof(SimulationFinishedEvent), "simulation_finished")]
[JsonDerivedType(typeof(EntryEvent), "entry")]
[JsonDerivedType(typeof(DifferenceEvent), "difference")]
[JsonDerivedType(typeof(DamageEvent), "damage")]
[JsonDerivedType(typeof(CheckFinishedEvent), "check_finished")]
[JsonDerivedType(typeof(LockEvent), "lock")]
[JsonDerivedType(typeof(KeyEvent), "key")]
[JsonDerivedType(typeof(StatisticsEvent), "statistics")]
[JsonDerivedType(typeof(ComponentShareEvent), "component_share")]
[JsonDerivedType(typeof(PruneFinishedEvent), "prune_finished")]
[JsonDerivedType(typeof(CopyFinishedEvent), "copy_finished")]
[JsonDerivedType(typeof(CopyStateEvent), "copy_state")]
[JsonDerivedType(typeof(MirrorFinishedEvent), "mirror_finished")]
[JsonDerivedType(typeof(QueueEvent), "queue")]
[JsonDerivedType(typeof(WorkersEvent), "workers")]
[JsonDerivedType(typeof(QueuesSeenEvent), "queues_seen")]
[JsonDerivedType(typeof(QueuesFinishedEvent), "queues_finished")]
[JsonDerivedType(typeof(ArchivingPlanEvent), "archiving_plan")]
[JsonDerivedType(typeof(ArchivingProvenEvent), "archiving_proven")]
[JsonDerivedType(typeof(WalStatusEvent), "wal_status")]
[JsonDerivedType(typeof(WalStoredEvent), "wal_stored")]
[JsonDerivedType(typeof(ServeStartedEvent), "serve_started")]
[JsonDerivedType(typeof(CheckLineEvent), "check_line")]
[JsonDerivedType(typeof(PlatformCheckFinishedEvent), "platform_check_finished")]
[JsonDerivedType(typeof(SearchFinishedEvent), "search_finished")]
[JsonDerivedType(typeof(SearchSyncedEvent), "search_synced")]
[JsonDerivedType(typeof(PackageEvent), "package")]
[JsonDerivedType(typeof(PackagesRetriedEvent), "packages_retried")]
internal abstract record OutputEvent
{
    /// <summary>The time at which the event was printed.</summary>
    [JsonPropertyOrder(-1)]
    public DateTimeOffset Time { get; init; }

    /// <summary>The lines for people; empty when the event is printed only in JSON.</summary>
    public virtual IEnumerable<string> Lines(Style style) => [];

    /// <summary>True for what a person needs even with <c>--quiet</c>: answers that were asked for, and problems.</summary>
    internal virtual bool IsAnswer => true;
}
