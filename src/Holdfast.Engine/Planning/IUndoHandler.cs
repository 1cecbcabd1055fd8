namespace Holdfast.Engine.Planning;

/// <summary>Does the undos of one kind. It must be idempotent: after a crash in the middle it is called again.</summary>
public interface IUndoHandler
{
    string Kind { get; }

    /// <summary>An undo that takes longer is given up, and stays owed. Infinite for one that limits itself.</summary>
    TimeSpan Deadline => TimeSpan.FromMinutes(5);

    /// <exception cref="Problems.ProblemException">It failed; <see cref="Problems.Catalogue.UndoLost"/> means for good, and it is owed no longer.</exception>
    Task UndoAsync(Undo undo, CancellationToken cancellation);
}
