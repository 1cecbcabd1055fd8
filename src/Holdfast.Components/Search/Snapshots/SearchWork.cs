using Holdfast.Components.Search.Api;
using Holdfast.Engine.Planning;

namespace Holdfast.Components.Search.Snapshots;

/// <summary>The dependencies that the verbs which build and repair indices of one cluster have in common.</summary>
/// <param name="Name">The cluster's name in the profile.</param>
/// <param name="Server">The cluster.</param>
/// <param name="Folder">A directory of Holdfast, for data that does not fit into memory and for rejected
/// documents.</param>
/// <param name="Deadline">The time limit of a walk over all documents of an index.</param>
/// <param name="Clock">Measures time.</param>
/// <param name="Undos">The undos that steps may register.</param>
internal sealed record SearchWork(string Name, SearchServer Server, string Folder, TimeSpan Deadline, TimeProvider Clock, SearchUndos Undos)
{
    public Step Step(string name, string does, Func<StepContext, CancellationToken, Task> act) => new() { Name = name, Does = does, Component = $"search/{Name}", Act = act };

    /// <summary>The file of documents that the engine rejects.</summary>
    public string RejectedFile(string run, string alias) => Path.Combine(Folder, "rejected", $"{run}-{alias}.jsonl");
}
