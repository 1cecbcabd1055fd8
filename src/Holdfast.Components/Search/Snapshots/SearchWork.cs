using Holdfast.Components.Search.Api;
using Holdfast.Engine.Planning;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>What the verbs that build and mend indices of one cluster have in common.</summary>
/// <param name="Name">The cluster's name in the profile.</param>
/// <param name="Server">The cluster.</param>
/// <param name="Folder">A directory of our own, for what does not fit into memory and for documents that were rejected.</param>
/// <param name="Deadline">For a walk over all documents of an index.</param>
/// <param name="Clock">Measures time.</param>
/// <param name="Undos">What may be owed.</param>
internal sealed record SearchWork(string Name, SearchServer Server, string Folder, TimeSpan Deadline, TimeProvider Clock, SearchUndos Undos)
{
    public Step Step(string name, string does, Func<StepContext, CancellationToken, Task> act) => new() { Name = name, Does = does, Component = $"search/{Name}", Act = act };

    /// <summary>Where the documents go that the engine rejects.</summary>
    public string RejectedFile(string run, string alias) => Path.Combine(Folder, "rejected", $"{run}-{alias}.jsonl");
}
