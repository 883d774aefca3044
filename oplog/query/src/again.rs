//! Plans below nested loops, made fit to run twice.
//!
//! DataFusion runs the left side of such a join again when its rows do not fit into memory, and panics if a part of that side can run only
//! once.

use std::fmt::{self, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult as _, TreeNode as _, TreeNodeRecursion};
use datafusion::error::Result as SqlResult;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::{
    ChildrenPropertiesMode, ReplaceChildrenOptions, reset_plan_states,
};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};

/// Puts [`Again`] between nested loops and their left sides.
#[derive(Debug)]
pub(crate) struct RunAgain;

impl PhysicalOptimizerRule for RunAgain {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> SqlResult<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| {
            if plan.name() != "NestedLoopJoinExec" {
                return Ok(Transformed::no(plan));
            }
            let mut children: Vec<Arc<dyn ExecutionPlan>> = plan.children().into_iter().cloned().collect();
            if let Some(left) = children.first_mut() {
                *left = Arc::new(Again { input: left.clone(), has_run: AtomicBool::new(false) });
            }
            Ok(Transformed::yes(plan.replace_children(
                children,
                ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
            )?))
        })
        .data()
    }

    fn name(&self) -> &str {
        "RunAgain"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Gives the rows of its input each time that it is run.
#[derive(Debug)]
struct Again {
    input: Arc<dyn ExecutionPlan>,
    has_run: AtomicBool,
}

impl DisplayAs for Again {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Again")
    }
}

impl ExecutionPlan for Again {
    fn name(&self) -> &str {
        "Again"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> SqlResult<TreeNodeRecursion>,
    ) -> SqlResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self { input: children.swap_remove(0), has_run: AtomicBool::new(false) }))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> SqlResult<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> SqlResult<SendableRecordBatchStream> {
        match self.has_run.swap(true, Ordering::Relaxed) {
            false => self.input.execute(partition, context),
            true => reset_plan_states(self.input.clone())?.execute(partition, context),
        }
    }
}
