using Holdfast.Engine.Planning;

namespace Holdfast.Engine.Running;

/// <summary>Does the undos of one kind. It must be idempotent: after a crash in the middle it is called again.</summary>
public interface IUndoHandler
{
    string Kind { get; }

    /// <summary>An undo that takes longer is given up, and stays owed. Infinite for one that limits itself.</summary>
    TimeSpan Deadline => TimeSpan.FromMinutes(5);

    Task UndoAsync(Undo undo, CancellationToken cancellation);
}
