using Holdfast.Engine.Planning;

namespace Holdfast.Engine.Running;

/// <summary>Does the undos of one kind. It must be idempotent: after a crash in the middle it is called again.</summary>
public interface IUndoHandler
{
    string Kind { get; }

    Task UndoAsync(Undo undo, CancellationToken cancellation);
}
