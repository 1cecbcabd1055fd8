namespace Holdfast.Engine.Planning;

/// <summary>
/// Performs the undos of one kind. It must be idempotent: after a crash in the middle it is called again.
/// </summary>
public interface IUndoHandler
{
    string Kind { get; }

    /// <summary>
    /// The time after which an undo is abandoned and stays pending. Infinite for a handler with its own limit.
    /// </summary>
    TimeSpan Deadline => TimeSpan.FromMinutes(5);

    /// <exception cref="Problems.ProblemException">The undo failed; <see cref="Problems.Catalogue.UndoLost"/> means
    /// that it can never succeed and is no longer pending.</exception>
    Task UndoAsync(Undo undo, CancellationToken cancellation);
}
